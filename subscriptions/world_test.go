package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
	"comptesante/domain/cursor"
	"comptesante/graph"
	"comptesante/graph/generated"
)

// TestMain holds that no test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the tests begin.
var noon = time.Date(2026, time.March, 29, 12, 0, 0, 0, time.UTC)

// The people of the tests: an assuré with a child, and somebody else.
const (
	parent = int64(7)
	self   = int64(71)
	child  = int64(72)
	other  = int64(8)
)

var family = domain.FeedKey{Assure: parent, Feed: domain.FeedPayments}

// world is all that a transport needs, in memory, and a server over it. Between
// newWorld and listen or pipe a test may change its parts.
type world struct {
	t        *testing.T
	feeds    *feeds
	bell     Bell
	sessions *sessions
	clock    *clock
	codec    *cursor.Codec
	hub      *Hub
	sockets  *Transport
	server   *httptest.Server
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	limits   graph.Limits
	rendered *atomic.Int64 // counts executions, where it is set
	leave    func()        // ends the server and all that runs; may be called twice
}

func newWorld(t *testing.T) *world {
	c := &clock{at: noon}
	w := &world{
		t: t, limits: graph.DefaultLimits(), clock: c, codec: cursor.New([32]byte{1}), bell: NewMemoryBell(),
		feeds: &feeds{clock: c, epoch: 1, rows: make(map[domain.FeedKey][]domain.Event), last: make(map[domain.FeedKey]int64)},
		sessions: &sessions{actors: map[string]actor.Actor{
			"parent": assureActor("parent", parent, self, child),
			"narrow": assureActor("narrow", parent, self),
			"other":  assureActor("other", other, 81),
		}},
	}
	return w.node()
}

// node is a node more, with hub and sockets of its own over the same database
// and bell.
func (w *world) node() *world {
	n, silent := *w, slog.New(slog.DiscardHandler)
	n.hub = &Hub{Store: w.feeds, Actors: w.sessions.Actors, Cursor: w.codec, Now: w.clock.now, Log: silent}
	n.sockets = &Transport{Hub: n.hub, Authenticate: w.sessions.authenticate, Log: silent}
	n.hub.Rights = n.sockets.RightsChanged
	return &n
}

func assureActor(session string, assure int64, sees ...int64) actor.Actor {
	return actor.Actor{Role: actor.Assure, Session: session, Level: actor.FC2, Since: noon, Assure: assure,
		Sights: []actor.Sight{{Assure: assure, Beneficiaries: sees}}}
}

// listen serves over TCP until the test ends.
func (w *world) listen() { w.serve(nil) }

// pipe serves over pipes in memory, so that a bubble's time can move.
func (w *world) pipe() {
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	w.dial = l.dial
	w.serve(l)
}

func (w *world) serve(l net.Listener) {
	w.hub.Bell = w.bell
	w.server = httptest.NewUnstartedServer(w.api())
	w.server.Config.ReadTimeout, w.server.Config.WriteTimeout = 10*time.Second, 20*time.Second // as the program has them
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0)                                      // of a panic on purpose
	if l != nil {
		_ = w.server.Listener.Close() // replaced by l
		w.server.Listener = l
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.hub.Run(ctx) })
	running.Go(func() { w.sockets.Keep(ctx) })
	w.server.Start()
	w.leave = func() {
		patience, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		w.sockets.Leave(patience, 0)
		w.server.Close()
		stop()
		running.Wait()
	}
	w.t.Cleanup(w.leave)
}

// api is the whole handler of the API, over resolvers that only follow.
func (w *world) api() http.Handler {
	schema := graph.Schema(stub{codec: w.codec})
	rules, err := graph.NewRules(schema.Schema())
	if err != nil {
		w.t.Fatal(err)
	}
	access := graph.NewAccess(rules, w.limits, true, w.clock.now)
	w.sockets.Recheck = access.Recheck
	server := graph.Server{Schema: schema, Access: access, Limits: w.limits, Sockets: w.sockets, Log: w.hub.Log}
	if w.rendered != nil {
		server.Extensions = append(server.Extensions, counter{w.rendered})
	}
	post := graph.Post{Limits: w.limits, Log: w.hub.Log}
	w.sockets.Events = &EventStreams{Read: post.Read, Refuse: graph.Refuse}
	return w.signedIn(server.Handler())
}

// signedIn puts into a request's context who asks, as auth's middleware does.
func (w *world) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if header := r.Header.Get("Authorization"); header != "" {
			a, err := w.sessions.authenticate(r.Context(), header)
			if err != nil {
				graph.Refuse(rw, r, http.StatusUnauthorized, domain.Errorf(domain.Unauthenticated, "sign in again"))
				return
			}
			r = r.WithContext(actor.NewContext(r.Context(), a))
		}
		next.ServeHTTP(rw, r)
	})
}

// inBubble runs a test whose time moves by itself once all goroutines wait.
func inBubble(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
}

// pay records payments of beneficiaries, one event each, and rings once.
func (w *world) pay(beneficiaries ...int64) {
	w.ring(w.record(beneficiaries...))
}

// record is pay without the bell; it gives the feed's last sequence.
func (w *world) record(beneficiaries ...int64) (last int64) {
	for _, b := range beneficiaries {
		w.feeds.add(family, domain.Event{Fact: paying(b)})
	}
	w.feeds.mu.Lock()
	defer w.feeds.mu.Unlock()
	return w.feeds.last[family]
}

func (w *world) ring(seqs ...int64) {
	for _, seq := range seqs {
		if err := w.bell.Ring([]domain.Chime{{FeedKey: family, Seq: seq}}); err != nil {
			w.t.Error(err)
		}
	}
}

func (w *world) cursorAt(epoch, seq int64) string {
	return w.codec.Feed(family, domain.Position{Epoch: epoch, Seq: seq})
}

// paying is a payment of somebody of the family, and what a correction changed.
func paying(beneficiary int64, changes ...domain.PaymentChange) *domain.PaymentFact {
	of := domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary, Assure: parent, Key: beneficiary}}
	return &domain.PaymentFact{Payment: domain.Payment{PaidOn: civil.Of(noon), Beneficiary: of}, Changes: changes}
}

func repeat(beneficiary int64, n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = beneficiary
	}
	return all
}

// stub is the root of resolvers of which only subscriptions are meant to be asked.
type stub struct {
	generated.ResolverRoot // nil: nothing else is asked
	codec                  *cursor.Codec
}

func (s stub) Subscription() generated.SubscriptionResolver { return s }

// NewPayments follows as the real resolver does.
func (s stub) NewPayments(ctx context.Context, assure *domain.ID, after *string, beneficiaries []domain.ID, payload domain.PaymentPayload) (<-chan domain.PaymentEvent, error) {
	return Serve(ctx, func() (r Request, err error) {
		a := actor.FromContext(ctx)
		r.Key = domain.FeedKey{Assure: a.Assure, Feed: domain.FeedPayments}
		if assure != nil {
			r.Key.Assure = assure.Assure
			if _, ok := a.Sight(assure.Assure); !ok {
				return r, domain.Errorf(domain.NotFound, "not found")
			}
		}
		for _, b := range beneficiaries {
			r.Only = append(r.Only, b.Key)
		}
		return r, s.begin(&r, after)
	}, payload.Of)
}

// AccountEvents follows as the real resolver does.
func (s stub) AccountEvents(ctx context.Context, _ *domain.ID, after *string) (<-chan domain.AccountEvent, error) {
	return Serve[domain.AccountEvent](ctx, func() (r Request, err error) {
		r.Key = domain.FeedKey{Assure: actor.FromContext(ctx).Assure, Feed: domain.FeedAccount}
		return r, s.begin(&r, after)
	}, nil)
}

func (s stub) begin(r *Request, after *string) error {
	if after == nil {
		return nil
	}
	at, saw, err := s.codec.ParseFeed(r.Key, *after)
	if err != nil {
		return domain.Errorf(domain.Validation, "not a cursor of this feed")
	}
	r.After, r.Saw = &at, saw
	return nil
}

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// sessions are the sessions that live; their tokens are their ids.
type sessions struct {
	mu     sync.Mutex
	actors map[string]actor.Actor
	fault  fault
	onRead func() // runs before Actors, unlocked
}

// fault is what reads fail with; nil for none.
type fault func() error

func (f fault) err() error {
	if f == nil {
		return nil
	}
	return f()
}

func always(err error) fault { return func() error { return err } }

func (s *sessions) Actors(_ context.Context, ids []string) (map[string]actor.Actor, error) {
	s.mu.Lock()
	hook := s.onRead
	s.mu.Unlock()
	if hook != nil {
		hook()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make(map[string]actor.Actor)
	for _, id := range ids {
		if a, ok := s.actors[id]; ok {
			found[id] = a
		}
	}
	return found, s.fault.err()
}

func (s *sessions) authenticate(_ context.Context, authorization string) (actor.Actor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault.err(); err != nil {
		return actor.Actor{}, err
	}
	if a, ok := s.actors[strings.TrimPrefix(authorization, "Bearer ")]; ok {
		return a, nil
	}
	return actor.Actor{}, domain.Errorf(domain.Unauthenticated, "the token is not that of an open session")
}

func (s *sessions) set(a actor.Actor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.actors[a.Session] = a
}

func (s *sessions) hook(run func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onRead = run
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.actors, id)
}

func (s *sessions) fail(with fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = with
}

var errAway = domain.Errorf(domain.Unavailable, "the database is away")

// feeds is a Store in memory.
type feeds struct {
	clock *clock

	mu     sync.Mutex
	epoch  int64
	rows   map[domain.FeedKey][]domain.Event
	last   map[domain.FeedKey]int64
	fault  fault
	broken map[domain.FeedKey]int64                        // the event of a feed that cannot be read
	onHead func(ctx context.Context)                       // runs before FeedHeads, unlocked
	onRead func(ctx context.Context)                       // runs before FeedEvents, unlocked
	tamper func(events map[domain.FeedKey]domain.FeedRead) // changes what the next FeedEvents gives
}

// add writes an event; what it leaves out of when and what is now and the first
// kind of its feed. What it speaks of is named after its place.
func (f *feeds) add(key domain.FeedKey, e domain.Event) (seq int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last[key]++
	e.FeedKey, e.Position = key, domain.Position{Epoch: f.epoch, Seq: f.last[key]}
	e.Fact = named(&e)
	if e.Kind == "" && key.Feed == domain.FeedAccount {
		e.Kind = domain.EventSessionOpened
	} else if e.Kind == "" {
		e.Kind = domain.EventAdded
	}
	if e.OccurredAt.IsZero() {
		e.OccurredAt = f.clock.now()
	}
	f.rows[key] = append(f.rows[key], e)
	return e.Seq
}

// named is what an event speaks of, named after the event's place.
func named(e *domain.Event) domain.Fact {
	paid, ok := e.Fact.(*domain.PaymentFact)
	if !ok {
		return &domain.AccountFact{Session: reference(e.Position), Level: "LOCAL2"}
	}
	fact := *paid
	fact.Payment.ID = domain.ID{Kind: domain.KindPayment, Assure: e.Assure, Key: e.Seq}
	fact.Payment.Reference = reference(e.Position)
	return &fact
}

// reference names the payment, or the session, that an event speaks of.
func reference(at domain.Position) string { return fmt.Sprintf("R%d-%d", at.Epoch, at.Seq) }

// restore begins an epoch, with the feed as it stood at a sequence.
func (f *feeds) restore(epoch, seq int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.epoch, f.last[family] = epoch, seq
	var kept []domain.Event
	for _, e := range f.rows[family] {
		if e.Seq <= seq {
			e.Epoch = epoch
			e.Fact = named(&e)
			kept = append(kept, e)
		}
	}
	f.rows[family] = kept
}

// purge forgets events: those that drop tells.
func (f *feeds) purge(drop func(e domain.Event) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var kept []domain.Event
	for _, e := range f.rows[family] {
		if !drop(e) {
			kept = append(kept, e)
		}
	}
	f.rows[family] = kept
}

func (f *feeds) fail(with fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = with
}

func (f *feeds) hook(set func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	set()
}

func (f *feeds) FeedHeads(ctx context.Context, keys []domain.FeedKey) (int64, map[domain.FeedKey]int64, error) {
	f.mu.Lock()
	hook := f.onHead
	f.mu.Unlock()
	if hook != nil {
		hook(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	heads := make(map[domain.FeedKey]int64)
	for _, k := range keys {
		if seq := f.last[k]; seq > 0 {
			heads[k] = seq
		}
	}
	return f.epoch, heads, f.fault.err()
}

func (f *feeds) FeedEvents(ctx context.Context, from []domain.FeedFrom, limit int) (map[domain.FeedKey]domain.FeedRead, error) {
	f.mu.Lock()
	hook := f.onRead
	f.mu.Unlock()
	if hook != nil {
		hook(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		return nil, errAway // as a database does that is no longer waited for
	}
	read := make(map[domain.FeedKey]domain.FeedRead)
	for _, k := range from {
		read[k.FeedKey] = f.readOne(k, limit)
	}
	if f.tamper != nil {
		f.tamper(read)
		f.tamper = nil
	}
	return read, f.fault.err()
}

// readOne reads a feed; the caller holds mu.
func (f *feeds) readOne(k domain.FeedFrom, limit int) (read domain.FeedRead) {
	for _, e := range f.rows[k.FeedKey] {
		switch {
		case e.Seq <= k.After || len(read.Events) == limit || read.Fault != nil:
		case f.broken[k.FeedKey] == e.Seq:
			read.Fault = errors.New("the day of birth of row 72 does not open")
		default:
			read.Events = append(read.Events, e)
		}
	}
	return read
}

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	server, client := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return pipeAddress{} }

type pipeAddress struct{}

func (pipeAddress) Network() string { return "pipe" }
func (pipeAddress) String() string  { return "pipe" }
