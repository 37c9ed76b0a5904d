package faults

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/gorilla/websocket"
	"github.com/nats-io/nats.go"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// cutAtCommitToxic breaks connections to PostgreSQL as a COMMIT passes by.
type cutAtCommitToxic struct {
	Percent int    `json:"percent"` // of the commits
	After   bool   `json:"after"`   // the COMMIT comes through, and its answer is lost; else it does not come through
	Seed    uint64 `json:"seed"`
}

func init() { toxics.Register("cut_at_commit", new(cutAtCommitToxic)) }

// NewState implements toxics.StatefulToxic: each connection has its own dice.
func (t *cutAtCommitToxic) NewState() any { return rand.New(rand.NewPCG(t.Seed, rand.Uint64())) }

// Pipe implements toxics.Toxic. pgx sends COMMIT as a simple query of its own.
func (t *cutAtCommitToxic) Pipe(stub *toxics.ToxicStub) {
	dice, ok := stub.State.(*rand.Rand)
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				stub.Close()
				return
			}
			cut := ok && bytes.Contains(c.Data, []byte("commit\x00")) && dice.IntN(100) < t.Percent
			if !cut || t.After {
				stub.Output <- c
			}
			if cut {
				stub.Close()
				return
			}
		}
	}
}

// bus is a client of NATS that listens to the bell.
type bus struct {
	conn *nats.Conn
	mu   sync.Mutex
	n    int // messages since forget
}

const (
	bellSubject = "comptesante.bell"
	again       = "Again" // header of what repeat sends
)

// listen listens to the bell, straight at NATS.
func (r *run) listen() *bus {
	r.t.Helper()
	b := &bus{}
	var err error
	b.conn, err = nats.Connect("nats://"+strings.Join(r.c.NATSAddresses, ",nats://"), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true))
	if err == nil {
		_, err = b.conn.Subscribe(bellSubject, func(*nats.Msg) { b.count() })
	}
	if err == nil {
		err = b.conn.FlushTimeout(patience)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func (b *bus) count() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n++
}

func (b *bus) heard() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

func (b *bus) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n = 0
}

func (b *bus) close() { b.conn.Close() }

// repeat rings each message that is heard three times more, each after a time
// of its own, so that they come doubled and in another order, with the first
// one of all and one that nobody can read.
func (b *bus) repeat(seed uint64) {
	dice := rand.New(rand.NewPCG(seed, 0))
	var first []byte
	_, _ = b.conn.Subscribe(bellSubject, func(m *nats.Msg) { // one message after the other
		if m.Header.Get(again) != "" {
			return
		}
		if first == nil {
			first = m.Data
		}
		for _, data := range [][]byte{m.Data, m.Data, m.Data, first, []byte("payments x\n\x00")} {
			late := &nats.Msg{Subject: bellSubject, Data: data, Header: nats.Header{again: {"yes"}}}
			time.AfterFunc(time.Duration(dice.Int64N(int64(500*time.Millisecond))), func() { _ = b.conn.PublishMsg(late) }) // it may be over
		}
	})
}

// longFeed gives a person a feed of megabytes, once, and a session and the
// cursor at its begin.
func (r *run) longFeed(person int) (token, cursor string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	if len(r.reader) == 0 {
		id := dbtest.AddFile(r.t, r.d, person)
		_, r.reader = r.mint(db.NewSession{Assure: id.Assure, Role: actor.Assure, Label: "slow reader"})
		f := &follower{address: r.c.Balancer.Address(), dead: patience, token: r.reader, changed: newSignal()}
		following, stop := context.WithCancel(ctx)
		var running sync.WaitGroup
		running.Go(func() { f.run(following) })
		for f.count(ready) == 0 && ctx.Err() == nil {
			<-f.changed.next()
		}
		stop()
		running.Wait()
		r.readerCursor = f.cursor
		today := civil.Of(time.Now()).String()
		for n := range 20 {
			var records []domain.PaymentRecord
			for i := range 1000 {
				records = append(records, dbtest.Record(r.t, person, fmt.Sprintf("long-%d-%d", n, i), today))
			}
			if _, err := r.d.RecordPayments(ctx, "test", records); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	return r.reader, r.readerCursor
}

// deaf opens a socket that follows from a cursor and reads nothing more.
func deaf(address, token, cursor string) (*websocket.Conn, error) {
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: patience, NetDial: func(network, address string) (net.Conn, error) {
		conn, err := net.Dial(network, address)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4096)
		}
		return conn, err
	}}
	ws, response, err := d.Dial("ws://"+address+"/graphql", nil)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close() // empty after an upgrade
	f := &follower{dead: patience, token: token, cursor: cursor, changed: newSignal()}
	return ws, f.begin(ws)
}

// isLive tells whether its socket is open and live.
func (f *follower) isLive() bool {
	log := f.snapshot().log
	for i := len(log) - 1; i >= 0; i-- {
		switch log[i].kind {
		case ready:
			return true
		case opened, closed:
			return false
		}
	}
	return false
}
