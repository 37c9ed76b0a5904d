package subscriptions

import (
	"bufio"
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain/actor"
)

// Limits bound what connections may cost: sockets, and streams of events. A zero field takes its default.
type Limits struct {
	InitTimeout  time.Duration // for connection_init to come, or the stream that was reserved; 5 s
	WriteTimeout time.Duration // for one frame to leave; 5 s
	PingEvery    time.Duration // between pings of a silent socket; 25 s
	Silence      time.Duration // without any sign of the client before it counts as gone; 50 s
	KeepAlive    time.Duration // between signs of life that the older protocol and event streams ask for; 12 s
	MessageBytes int64         // of one message from a client; 64 KB
	QueueBytes   int           // that wait for a slow client; 1 MB
	Operations   int           // at once on one connection; 20
	Sockets      int           // connections at once on this node; 19,000
	PerSession   int           // connections of one session at once on this node; 20
	PerPerson    int           // connections of one assuré, services apart, at once on this node; 50
	PerAddress   int           // connections from one address at once on this node; 1,000
}

func (l Limits) withDefaults() Limits {
	d := Limits{5 * time.Second, 5 * time.Second, 25 * time.Second, 50 * time.Second, 12 * time.Second, 64 << 10, 1 << 20, 20, 19_000, 20, 50, 1000}
	for _, f := range []struct{ value, byDefault *time.Duration }{
		{&l.InitTimeout, &d.InitTimeout}, {&l.WriteTimeout, &d.WriteTimeout}, {&l.PingEvery, &d.PingEvery}, {&l.Silence, &d.Silence}, {&l.KeepAlive, &d.KeepAlive},
	} {
		if *f.value == 0 {
			*f.value = *f.byDefault
		}
	}
	for _, f := range []struct{ value, byDefault *int }{
		{&l.QueueBytes, &d.QueueBytes}, {&l.Operations, &d.Operations}, {&l.Sockets, &d.Sockets}, {&l.PerSession, &d.PerSession},
		{&l.PerPerson, &d.PerPerson}, {&l.PerAddress, &d.PerAddress},
	} {
		if *f.value == 0 {
			*f.value = *f.byDefault
		}
	}
	if l.MessageBytes == 0 {
		l.MessageBytes = d.MessageBytes
	}
	return l
}

// Transport serves subscriptions over WebSockets and streams of server-sent events;
// it is a graphql.Transport of gqlgen. Only subscriptions run here: queries are
// posted.
type Transport struct {
	Hub          *Hub
	Authenticate func(ctx context.Context, authorization string) (actor.Actor, error)    // of an Authorization value
	Recheck      func(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error // whether the actor in ctx may still run op
	Address      func(r *http.Request) netip.Addr                                        // of the client; nil: that of its connection
	AllowOrigin  func(r *http.Request) bool                                              // for browsers; nil: same origin
	Events       *EventStreams                                                           // nil: none are served
	LegacySocket bool                                                                    // whether sockets may speak graphql-ws of subscriptions-transport-ws too
	Log          *slog.Logger
	Metrics      *Metrics
	Limits       Limits

	once      sync.Once
	crowded   sync.Once // said that an address has too many
	began     time.Time
	base      context.Context // of all that runs on sockets: ends where Leave loses its patience
	cut       context.CancelFunc
	upgrader  websocket.Upgrader
	buffers   sync.Pool
	documents documents
	parked    parking
	rung      bellCord       // for Keep
	running   sync.WaitGroup // sockets, and goroutines on them

	mu       sync.Mutex // guards what follows
	sockets  map[*connection]bool
	sessions map[string]int     // connections of each session
	visitors map[netip.Addr]int // connections of each address
	kin      kin
	changed  map[int64]bool // assurés whose connections Keep is to look at once rung is pulled
	leaving  bool
}

var _ graphql.Transport = (*Transport)(nil)

func (t *Transport) prepare() {
	t.once.Do(func() {
		t.Limits = t.Limits.withDefaults()
		t.sockets, t.sessions = make(map[*connection]bool), make(map[string]int)
		t.visitors = make(map[netip.Addr]int)
		t.kin, t.changed, t.rung = make(kin), make(map[int64]bool), make(bellCord, 1)
		t.began = time.Now()
		t.Metrics.watchQueues(t.waitingBytes)
		t.base, t.cut = context.WithCancel(context.Background())
		t.upgrader = websocket.Upgrader{
			Subprotocols: t.subprotocols(), WriteBufferSize: 4096,
			WriteBufferPool: &t.buffers, CheckOrigin: t.AllowOrigin, HandshakeTimeout: t.Limits.InitTimeout,
		}
	})
}

// subprotocols are those that sockets may speak, the preferred one first.
func (t *Transport) subprotocols() []string {
	if t.LegacySocket {
		return []string{transportWS.protocol, legacyWS.protocol}
	}
	return []string{transportWS.protocol}
}

// since is how long the transport has been there: the time of its sockets.
func (t *Transport) since() time.Duration { return time.Since(t.began) }

// Supports implements graphql.Transport.
func (t *Transport) Supports(r *http.Request) bool {
	return websocket.IsWebSocketUpgrade(r) || t.Events.serves(r)
}

// Do implements graphql.Transport.
func (t *Transport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	t.prepare()
	if websocket.IsWebSocketUpgrade(r) {
		t.upgrade(w, r, exec)
		return
	}
	t.serveEvents(w, r, exec)
}

// upgrade makes a socket of a request: it returns once that is open, and leaves it
// parked.
func (t *Transport) upgrade(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if t.isLeaving() {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "the server is leaving: try again", http.StatusServiceUnavailable)
		return
	}
	from, welcome := t.receive(r)
	if !welcome {
		w.Header().Set("Retry-After", "5")
		http.Error(w, errCrowded.Message, http.StatusTooManyRequests)
		return
	}
	taken := &takeover{ResponseWriter: w}
	ws, err := t.upgrader.Upgrade(taken, r, nil)
	if err != nil {
		t.dismiss(from)
		return // Upgrade has answered
	}
	s := &socket{ws: ws, reader: taken.reader, raw: systemFile(ws.NetConn()), dialect: transportWS, header: r.Header.Get("Authorization")}
	if ws.Subprotocol() == legacyWS.protocol {
		s.dialect = legacyWS
	}
	s.connection = connection{t: t, exec: exec, wire: s, address: from}
	s.lastRead, s.looked = t.since(), t.since()
	s.ws.SetReadLimit(t.Limits.MessageBytes)
	if !t.enter(&s.connection) {
		t.dismiss(from)
		s.refuse(closeTooMany)
		return
	}
	if ws.Subprotocol() == "" {
		s.close(closeProtocol)
	}
	s.park()
}

// takeover gives gorilla a reader of ours, small, of which we can ask whether
// something waits in it.
type takeover struct {
	http.ResponseWriter
	reader *bufio.Reader
}

// readerSize is just what gorilla takes (more than 256 bytes); what is larger is
// read past the buffer.
const readerSize = 288

// Hijack implements http.Hijacker.
func (t *takeover) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil || rw.Reader.Buffered() > 0 { // gorilla refuses a client that did not wait
		return conn, rw, err
	}
	t.reader = bufio.NewReaderSize(conn, readerSize)
	return conn, bufio.NewReadWriter(t.reader, rw.Writer), nil
}

func (t *Transport) isLeaving() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.leaving
}

func (t *Transport) enter(c *connection) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.leaving || len(t.sockets) >= t.Limits.Sockets {
		return false
	}
	t.sockets[c] = true
	t.running.Add(1) // until exit
	t.Metrics.connections(c.wire.kind(), 1)
	return true
}

func (t *Transport) exit(c *connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sockets, c)
	t.forget(c.address)
	t.kin.remove(c)
	if id := c.session; id != "" {
		if t.sessions[id]--; t.sessions[id] == 0 {
			delete(t.sessions, id)
		}
	}
	t.Metrics.connections(c.wire.kind(), -1)
	t.running.Done()
}

// claim counts a connection for its session, of an assuré, or of nobody where assure
// is 0; false where the session or the assuré has too many.
func (t *Transport) claim(c *connection, session string, assure int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	crowded := t.sessions[session] >= t.Limits.PerSession || assure != 0 && t.kin[assure].count >= t.Limits.PerPerson
	if crowded || !c.belongTo(session) {
		return false
	}
	t.sessions[session]++
	t.kin.add(c, assure)
	return true
}

// keepEvery is how often the session of each open socket is looked at: a lost
// right bites within two seconds.
const keepEvery = time.Second

// Keep looks after all sockets until ctx ends: it closes those of dead
// sessions, of clients who do not sign in and of silent ones, notices wider
// rights, and pings. It looks at all each second, and at once at those that
// RightsChanged tells of: one after the other, so that what was read later is known
// later. One goroutine serves all.
func (t *Transport) Keep(ctx context.Context) {
	t.prepare()
	defer t.parked.close()
	var tending sync.WaitGroup
	defer tending.Wait()
	tending.Go(func() { // apart: it waits for no database
		t.eachPart(ctx, nil, func(part []*connection) {
			for _, c := range part {
				c.wire.tend()
			}
		})
	})
	t.eachPart(ctx, t.rung, func(part []*connection) { t.checkSessions(ctx, part) })
}

// eachPart goes through all connections once in keepEvery, a part of them at a
// time, until ctx ends; and through those of whom something has changed whenever
// rung is pulled.
func (t *Transport) eachPart(ctx context.Context, rung bellCord, do func([]*connection)) {
	tick := time.NewTicker(keepEvery / roundParts)
	defer tick.Stop()
	var all round[*connection]
	for {
		select {
		case <-ctx.Done():
			return
		case <-rung:
			do(t.takeChanged())
		case <-tick.C:
			do(all.next(t.list))
		}
	}
}

func (t *Transport) list() []*connection {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.AppendSeq(make([]*connection, 0, len(t.sockets)), maps.Keys(t.sockets))
}

// sessionBatch is of how many connections one statement reads the sessions.
const sessionBatch = 1000

// checkSessions gives connections what their sessions are now.
func (t *Transport) checkSessions(ctx context.Context, all []*connection) {
	for batch := range slices.Chunk(all, sessionBatch) {
		if err := t.checkBatch(ctx, batch); err != nil {
			if ctx.Err() == nil {
				t.Log.Warn("the sessions of open sockets cannot be read", "error", err)
			}
			return
		}
	}
}

func (t *Transport) checkBatch(ctx context.Context, batch []*connection) error {
	sessions, ids := make([]string, len(batch)), make(map[string]bool, len(batch))
	for i, c := range batch {
		if sessions[i] = c.acknowledged(); sessions[i] != "" {
			ids[sessions[i]] = true
		}
	}
	if len(ids) == 0 {
		return nil
	}
	actors, err := t.Hub.actors(ctx, slices.Collect(maps.Keys(ids)))
	if err != nil {
		return err
	}
	for i, c := range batch {
		if sessions[i] != "" {
			a, alive := actors[sessions[i]]
			c.checked(a, alive)
		}
	}
	return nil
}

// Leave closes all sockets, one by one over a window, each with a code that
// makes clients come back and a hint when, and returns when all are gone or ctx
// ends. New upgrades are refused from the start.
func (t *Transport) Leave(ctx context.Context, window time.Duration) {
	t.prepare()
	t.mu.Lock()
	t.leaving = true
	t.mu.Unlock()
	sockets := t.list()
	rand.Shuffle(len(sockets), func(i, j int) { sockets[i], sockets[j] = sockets[j], sockets[i] })
	for i, s := range sockets {
		if i > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(window / time.Duration(len(sockets))):
			}
		}
		s.close(closeLeavingFor(rand.N(reconnectWithin)))
	}
	gone := make(chan struct{})
	go func() { t.running.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-ctx.Done():
		t.cut()
		for _, s := range t.list() {
			s.end(closeLeaving)
		}
		<-gone
	}
}
