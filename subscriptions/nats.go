package subscriptions

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"comptesante/domain"
)

// NATSBell is the bell over core NATS: nothing is kept there, and a message
// holds an assuré's key, a feed's name and a sequence, and no data.
type NATSBell struct {
	conn   *nats.Conn
	server *server.Server // nil where NATS is somebody else's
	raw    chan *nats.Msg
	heard  chan domain.Chime
	quit   chan struct{} // closed to end translate; raw never is, since NATS may still send
	done   chan struct{} // closed when translate has ended
}

const (
	subjectPrefix = "comptesante.bell."
	flushTimeout  = time.Second
	bellQueue     = 8192 // chimes that wait to be heard; more are lost, and polled for
)

// NewNATSBell connects to the NATS at url, or to one that it starts inside the
// process, which listens on no port, where url is empty.
func NewNATSBell(url string, log *slog.Logger) (*NATSBell, error) {
	b := &NATSBell{raw: make(chan *nats.Msg, bellQueue), heard: make(chan domain.Chime, bellQueue), quit: make(chan struct{}), done: make(chan struct{})}
	options := []nats.Option{
		nats.Name("comptesante"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.RetryOnFailedConnect(true),
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
			b.pass(m)
		}
	}
}

func (b *NATSBell) pass(m *nats.Msg) {
	c, ok := parseChime(m.Subject, m.Data)
	if !ok {
		return
	}
	select {
	case b.heard <- c:
	default: // lost, as a bell may
	}
}

// Ring implements Bell.
func (b *NATSBell) Ring(chimes []domain.Chime) error {
	for _, c := range chimes {
		if err := b.conn.Publish(subject(c.FeedKey), strconv.AppendInt(nil, c.Seq, 10)); err != nil {
			return err
		}
	}
	return b.conn.FlushTimeout(flushTimeout)
}

// Listen implements Bell. All subscriptions share one channel, so that none has
// a goroutine of its own.
func (b *NATSBell) Listen(key domain.FeedKey) (stop func(), err error) {
	s, err := b.conn.ChanSubscribe(subject(key), b.raw)
	if err != nil {
		return nil, err
	}
	return func() { _ = s.Unsubscribe() }, nil // fails only where the connection is closed
}

// Chimes implements Bell.
func (b *NATSBell) Chimes() <-chan domain.Chime { return b.heard }

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

func subject(key domain.FeedKey) string {
	return subjectPrefix + string(key.Feed) + "." + strconv.FormatInt(key.Assure, 10)
}

func parseChime(subject string, data []byte) (c domain.Chime, ok bool) {
	feed, assure, _ := strings.Cut(strings.TrimPrefix(subject, subjectPrefix), ".")
	c.Feed = domain.Feed(feed)
	var err1, err2 error
	c.Assure, err1 = strconv.ParseInt(assure, 10, 64)
	c.Seq, err2 = strconv.ParseInt(string(data), 10, 64)
	return c, err1 == nil && err2 == nil
}
