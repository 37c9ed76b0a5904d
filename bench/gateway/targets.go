package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"comptesante/bench/process"
	"comptesante/db"
)

// target is a server that is measured.
type target struct {
	key, name string
	speaks    speech
	ours      bool // comptesante: its events come from the database
	command   func(h *house, address, control string) (process.Command, error)
}

// The keys of those that others are compared with.
const (
	oursKey       = "comptesante"
	gqlgenKey     = "gqlgen"
	centrifugeKey = "centrifuge"
)

// allTargets are the servers in the order of the report.
var allTargets = []*target{
	{key: oursKey, name: "comptesante", speaks: graphqlWS{}, ours: true, command: oursCommand},
	{key: gqlgenKey, name: "stock gqlgen", speaks: graphqlWS{}, command: goPeer(gqlgenKey)},
	{key: centrifugeKey, name: "centrifuge", speaks: centrifugeJSON{}, command: goPeer(centrifugeKey)},
	{key: "graphql-ws", name: "graphql-ws on Node.js", speaks: graphqlWS{}, command: nodePeer},
}

func targetKeys() (keys []string) {
	for _, t := range allTargets {
		keys = append(keys, t.key)
	}
	return keys
}

// oursCommand is comptesante as in production, but that one session,
// one person and one address may have all sockets.
func oursCommand(h *house, address, control string) (process.Command, error) {
	return process.Command{Path: h.config.Server, Args: []string{"serve"}, Env: []string{
		"COMPTESANTE_ENV=production", "COMPTESANTE_LOG=json", "COMPTESANTE_LISTEN=" + address, "COMPTESANTE_ADMIN=" + control,
		"COMPTESANTE_DATA=" + h.dir, "COMPTESANTE_KEYS_FILE=" + h.keysFile(), "DATABASE_URL=" + h.url(db.App),
		fmt.Sprintf("COMPTESANTE_SOCKETS_PER_SESSION=%d", h.config.Sockets), fmt.Sprintf("COMPTESANTE_SOCKETS_PER_PERSON=%d", h.config.Sockets),
		fmt.Sprintf("COMPTESANTE_SOCKETS_PER_ADDRESS=%d", h.config.Sockets), "COMPTESANTE_LEAVE_WINDOW=0s",
	}}, nil
}

func goPeer(key string) func(*house, string, string) (process.Command, error) {
	return func(h *house, address, control string) (process.Command, error) {
		return process.Command{Path: filepath.Join(h.config.GoPeers, key), Env: []string{"LISTEN=" + address, "CONTROL=" + control}}, nil
	}
}

func nodePeer(h *house, address, control string) (process.Command, error) {
	node, err := process.Node(h.config.Peers)
	return process.Command{Path: node, Args: []string{"--expose-gc", filepath.Join(h.config.Peers, "graphql-ws.js")},
		Env: []string{"NODE_ENV=production", "LISTEN=" + address, "CONTROL=" + control}}, err
}

// server is a target that runs.
type server struct {
	*target
	*process.Process
	house            *house
	address, control string // where sockets come to; where ours tells its numbers, and a peer is told what to do
	members          []*member

	mu    sync.Mutex // guards what follows
	lines net.Conn   // to a peer's control
	read  *bufio.Reader
}

// startServer starts a target and waits until it takes connections.
func startServer(ctx context.Context, h *house, t *target) (s *server, err error) {
	s = &server{target: t, house: h}
	if s.address, s.control, err = process.TwoAddresses(); err != nil {
		return nil, err
	}
	command, err := t.command(h, s.address, s.control)
	if err != nil {
		return nil, err
	}
	if s.Process, err = process.Start(ctx, t.name, command, filepath.Join(h.dir, t.key+".log")); err != nil {
		return nil, err
	}
	err = errors.Join(s.Await(ctx, s.address), s.Await(ctx, s.control))
	if err == nil && !t.ours {
		s.lines, err = net.Dial("tcp", s.control)
		s.read = bufio.NewReader(s.lines)
	}
	for i := range h.people {
		m := &member{token: strconv.Itoa(i)} // a peer's user
		if t.ours {
			m = &h.people[i].member
		}
		s.members = append(s.members, m)
	}
	if err != nil {
		s.stop()
	}
	return s, err
}

func (s *server) stop() {
	if s.lines != nil {
		_ = s.lines.Close()
	}
	s.Ask()
	s.Stop()
}

// source is what publishes to the server's sockets.
func (s *server) source() source {
	if s.ours {
		return s.house
	}
	return s
}

// peerCursor is as long as a cursor of ours.
var peerCursor = strings.Repeat("A", 51)

// publish implements source for a peer: the instant is that at which it is told
// to.
func (s *server) publish(_ context.Context, events []event) (time.Time, error) {
	var lines []byte
	for _, e := range events {
		lines = fmt.Appendf(lines, "e %d %s %s\n", e.person, reference(e.number, e.nth), peerCursor)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Now()
	_, err := s.lines.Write(lines)
	return at, err
}

// collect has the server collect its garbage and gives the bytes that live, heap
// and stacks.
func (s *server) collect(ctx context.Context) (live float64, err error) {
	if s.ours {
		return s.collectOurs(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.WriteString(s.lines, "gc\n"); err != nil {
		return 0, s.Explain(err)
	}
	line, err := s.read.ReadString('\n')
	if err != nil {
		return 0, s.Explain(err)
	}
	return strconv.ParseFloat(strings.TrimSpace(line), 64)
}

const (
	garbage     = 60 << 10 // bytes of a request that asks for nothing much
	collections = 2        // after which what lives is what was found alive
	askings     = 20_000   // requests after which it is said that nothing is collected
)

// collectOurs makes the server collect as it does in production, by itself, once
// enough garbage has come: there is no way to tell it to. What lives is the
// least that is seen while it does.
func (s *server) collectOurs(ctx context.Context) (live float64, err error) {
	body := append([]byte(`{"query":"{__typename}"}`), bytes.Repeat([]byte(" "), garbage)...)
	first := -1.0
	for asked := range askings {
		if asked%20 == 0 {
			n, err := process.GoNumbers(ctx, s.control)
			if err != nil {
				return 0, s.Explain(err)
			}
			count, now := n["go_gc_duration_seconds_count"], n["go_memstats_heap_alloc_bytes"]+n["go_memstats_stack_inuse_bytes"]
			if first < 0 {
				first = count
			}
			if count > first && (live == 0 || now < live) {
				live = now
			}
			if count >= first+collections {
				return live, nil
			}
		}
		if err := s.ask(ctx, body); err != nil {
			return 0, s.Explain(err)
		}
	}
	return 0, s.Explain(fmt.Errorf("nothing was collected during %d requests", askings))
}

// ask asks a query by HTTP.
func (s *server) ask(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.members[0].token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was read, or there is an error
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.200s", answer.StatusCode, text)
	}
	return err
}
