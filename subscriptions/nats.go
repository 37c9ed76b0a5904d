package subscriptions

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"comptesante/domain"
)

// NATSBell is the bell over core NATS: nothing is kept there, and a message
// holds feeds' names, assurés' keys and sequences, and no data.
type NATSBell struct {
	metrics *Metrics
	conn    *nats.Conn
	server  *server.Server // nil where NATS is somebody else's
	raw     chan *nats.Msg
	heard   chan []domain.Chime
	quit    chan struct{} // closed to end translate; raw never is, since NATS may still send
	done    chan struct{} // closed when translate has ended
}

const (
	bellSubject  = "comptesante.bell"
	writeTimeout = 2 * time.Second // for NATS to take a message, else the connection counts as lost
	bellQueue    = 256             // messages that wait to be heard; more are lost, and polled for
)

// NewNATSBell connects to the NATS at url, or to one that it starts inside the
// process, which listens on no port, where url is empty.
func NewNATSBell(url string, log *slog.Logger, metrics *Metrics) (*NATSBell, error) {
	b := &NATSBell{metrics: metrics, raw: make(chan *nats.Msg, bellQueue), heard: make(chan []domain.Chime, bellQueue), quit: make(chan struct{}), done: make(chan struct{})}
	options := []nats.Option{
		nats.Name("comptesante"), nats.NoEcho(), nats.ReconnectBufSize(-1), nats.FlusherTimeout(writeTimeout),
		nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.RetryOnFailedConnect(true),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("the bell stumbles: the poll takes over", "error", err)
		}),
	}
	if url == "" {
		if err := b.startServer(); err != nil {
			return nil, err
		}
		options = append(options, nats.InProcessServer(b.server))
	}
	var err error
	if b.conn, err = nats.Connect(url, options...); err != nil {
		return nil, fmt.Errorf("the bell cannot reach NATS: check NATS_URL: %w", err)
	}
	if _, err = b.conn.ChanSubscribe(bellSubject, b.raw); err != nil {
		b.conn.Close()
		return nil, fmt.Errorf("the bell cannot listen to NATS: %w", err)
	}
	go b.translate()
	return b, nil
}

func (b *NATSBell) startServer() (err error) {
	b.server, err = server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		return fmt.Errorf("the NATS inside the process does not start: %w", err)
	}
	b.server.Start()
	if !b.server.ReadyForConnections(5 * time.Second) {
		return fmt.Errorf("the NATS inside the process is not ready after 5 s")
	}
	return nil
}

// translate turns messages into chimes until Close.
func (b *NATSBell) translate() {
	defer close(b.done)
	for {
		select {
		case <-b.quit:
			return
		case m := <-b.raw:
			b.hear(m)
		}
	}
}

// hear passes on a message of another node.
func (b *NATSBell) hear(m *nats.Msg) {
	if at, told := parseRung(m.Data); told {
		b.metrics.heard(time.Since(at))
	}
	b.pass(parseChimes(m.Data))
}

func (b *NATSBell) pass(chimes []domain.Chime) {
	if len(chimes) == 0 {
		return
	}
	select {
	case b.heard <- chimes:
	default: // lost, as a bell may
	}
}

// chimesMessage is how many chimes one message holds at most: far below NATS's
// limit of a megabyte.
const chimesMessage = 4000

// Ring implements Bell. Its own node hears at once, and not by NATS.
func (b *NATSBell) Ring(chimes []domain.Chime) error {
	b.pass(chimes)
	for some := range slices.Chunk(chimes, chimesMessage) {
		if err := b.conn.Publish(bellSubject, append(formatRung(time.Now()), formatChimes(some)...)); err != nil {
			return err
		}
	}
	return nil
}

// Chimes implements Bell.
func (b *NATSBell) Chimes() <-chan []domain.Chime { return b.heard }

// Close ends the connection, and the server inside the process.
func (b *NATSBell) Close() {
	b.conn.Close()
	close(b.quit)
	<-b.done
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}

// formatRung writes the line that a message begins with: when it was rung, in
// microseconds since 1970. parseChimes, and that of older releases, passes over it.
func formatRung(at time.Time) []byte {
	return append(strconv.AppendInt([]byte("rung "), at.UnixMicro(), 10), '\n')
}

// parseRung reads when a message was rung, by the clock of the node that rang; told
// is false where it does not say so, such as one of an older release.
func parseRung(data []byte) (at time.Time, told bool) {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	text, told := bytes.CutPrefix(line, []byte("rung "))
	micros, err := strconv.ParseInt(string(text), 10, 64)
	return time.UnixMicro(micros), told && err == nil
}

// formatChimes writes a line for each chime: feed, assuré, sequence.
func formatChimes(chimes []domain.Chime) []byte {
	b := make([]byte, 0, 32*len(chimes))
	for _, c := range chimes {
		b = append(append(b, c.Feed...), ' ')
		b = append(strconv.AppendInt(b, c.Assure, 10), ' ')
		b = append(strconv.AppendInt(b, c.Seq, 10), '\n')
	}
	return b
}

// parseChimes reads what formatChimes wrote. A line that is none is passed over:
// it may be of a program of another release.
func parseChimes(data []byte) (chimes []domain.Chime) {
	for line := range strings.Lines(string(data)) {
		feed, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		assure, seq, _ := strings.Cut(rest, " ")
		a, err1 := strconv.ParseInt(assure, 10, 64)
		s, err2 := strconv.ParseInt(seq, 10, 64)
		if feed != "" && err1 == nil && err2 == nil {
			chimes = append(chimes, domain.Chime{FeedKey: domain.FeedKey{Assure: a, Feed: domain.Feed(feed)}, Seq: s})
		}
	}
	return chimes
}
