package subscriptions

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"comptesante/domain"
)

// dice may be thrown by many.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

// within waits for a random time.
func (d *dice) within(most time.Duration) { time.Sleep(time.Duration(d.below(int(most)))) }

// chaos is a bell that loses, doubles and delays, so reorders, at random.
type chaos struct {
	*MemoryBell
	dice *dice
	late sync.WaitGroup
}

func (c *chaos) Ring(chimes []domain.Chime) error {
	switch c.dice.below(6) {
	case 0, 1:
		return nil
	case 2:
		return errors.Join(c.MemoryBell.Ring(chimes), c.MemoryBell.Ring(chimes))
	case 3:
		c.late.Go(func() {
			c.dice.within(300 * time.Millisecond)
			_ = c.MemoryBell.Ring(chimes) // never fails
		})
		return nil
	}
	return c.MemoryBell.Ring(chimes)
}

// storm is a random test: writers, followers that come and go, a bell and a
// database that fail, nodes that leave and are replaced.
type storm struct {
	*world
	dice *dice
	bell *chaos
	over chan struct{} // closed when all is written

	mu    sync.Mutex
	nodes []*world
}

// seeds is how many storms rage, each with a seed of its own, from 0:
// go test ./subscriptions -run TestFollowersMissNothing -seeds 200
var seeds = flag.Int("seeds", 3, "how many random tests of followers to run")

// Whatever happens, each follower is told each event that it may see, once, in
// order. Fails when an event that was sent is not dropped.
func TestFollowersMissNothing(t *testing.T) {
	for seed := range uint64(*seeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) { newStorm(w, seed).rage() })
		})
	}
}

func newStorm(w *world, seed uint64) *storm {
	d := &dice{r: rand.New(rand.NewPCG(seed, 0))}
	s := &storm{world: w, dice: d, bell: &chaos{MemoryBell: NewMemoryBell(), dice: d}, over: make(chan struct{})}
	w.bell = s.bell
	away := fault(func() error {
		if d.below(30) == 0 {
			return errAway
		}
		return nil
	})
	w.feeds.fail(away)
	w.sessions.fail(away)
	s.nodes = []*world{s.start(), s.start()}
	return s
}

func (s *storm) start() *world {
	n := s.node()
	n.pipe()
	return n
}

func (s *storm) rage() {
	var writers, others sync.WaitGroup
	for range 4 {
		writers.Go(s.write)
	}
	for i := range 12 {
		f := &faithful{storm: s, key: family, session: []string{"parent", "narrow", "other"}[i%3]}
		if f.session == "other" {
			f.key.Assure = other
		}
		if i >= 8 {
			f.key.Feed = domain.FeedAccount
		}
		others.Go(f.run)
	}
	others.Go(s.deploy)
	writers.Wait()
	close(s.over)
	others.Wait()
	s.bell.late.Wait()
	synctest.Wait()
}

func (s *storm) isOver() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// write writes events, mostly alone, sometimes many at once.
func (s *storm) write() {
	for range 80 {
		s.dice.within(200 * time.Millisecond)
		key := family
		if s.dice.below(4) == 0 {
			key.Assure = other
		}
		if s.dice.below(3) == 0 {
			key.Feed = domain.FeedAccount
		}
		n := 1
		if s.dice.below(10) == 0 {
			n = s.dice.below(150)
		}
		var seq int64
		for range n {
			seq = s.feeds.add(key, s.event(key))
		}
		s.dice.within(10 * time.Millisecond) // the relay's
		_ = s.bell.Ring([]domain.Chime{{FeedKey: key, Seq: seq}})
	}
}

func (s *storm) event(key domain.FeedKey) domain.Event {
	if key.Feed == domain.FeedAccount {
		return domain.Event{Kind: []domain.EventKind{domain.EventSessionOpened, domain.EventAccountRestored}[s.dice.below(2)]}
	}
	beneficiary := int64(81)
	if key == family {
		beneficiary = []int64{self, child}[s.dice.below(2)]
	}
	kind := []domain.EventKind{domain.EventAdded, domain.EventCorrected}[s.dice.below(2)]
	return domain.Event{Kind: kind, Fact: paying(beneficiary)}
}

// deploy replaces nodes until all is written.
func (s *storm) deploy() {
	for !s.isOver() {
		s.dice.within(4 * time.Second)
		s.mu.Lock()
		i := s.dice.below(len(s.nodes))
		old := s.nodes[i]
		s.nodes[i] = s.start()
		s.mu.Unlock()
		old.leave()
	}
}

// any gives a node.
func (s *storm) any() *world {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nodes[s.dice.below(len(s.nodes))]
}

// faithful is a follower that keeps its cursor.
type faithful struct {
	*storm
	session string
	key     domain.FeedKey
	cursor  string
	from    int64 // where it began
	began   bool
	heard   []int64
}

func (f *faithful) run() {
	f.dice.within(3 * time.Second)
	for !f.done() {
		f.visit()
		f.dice.within(700 * time.Millisecond)
	}
	var want []int64
	for _, e := range f.feeds.rows[f.key] { // all is written
		a := f.sessions.actors[f.session]
		fact, paid := e.Fact.(*domain.PaymentFact)
		if e.Seq > f.from && (!paid || a.Sees(e.Assure, fact.Payment.Beneficiary.ID.Key)) {
			want = append(want, e.Seq)
		}
	}
	if !slices.Equal(f.heard, want) {
		f.t.Errorf("%s, from %d: heard %v, want %v", f.session, f.from, f.heard, want)
	}
}

// done tells whether all is written, and the follower has been told so.
func (f *faithful) done() bool {
	at, _, err := f.codec.ParseFeed(f.key, f.cursor)
	return f.isOver() && err == nil && at.Seq == f.feeds.last[f.key]
}

// visit follows for a while, and ends in one of many ways.
func (f *faithful) visit() {
	c, _, err := f.any().try(nil)
	if err != nil {
		return // the node leaves
	}
	defer c.leave()
	c.key = f.key
	if c.write(`{"type":"connection_init","payload":{"authorization":"Bearer %s"}}`, f.session) != nil {
		return
	}
	if line, err := c.next(); err != nil || line != "connection_ack" {
		return
	}
	if c.subscribeTo("1", f.cursor) != nil {
		return
	}
	for n := f.dice.below(300); n > 0 && !f.done(); n-- {
		if !f.hear(c) {
			return
		}
	}
	switch f.dice.below(3) {
	case 0:
		_ = c.write(`{"type":"complete","id":"1"}`)
	case 1:
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
	}
}

// hear takes a message, or gives up after a while; false: the visit is over.
func (f *faithful) hear(c *client) bool {
	select {
	case m, open := <-c.heard:
		return open && f.note(c, c.line(m))
	case <-time.After(time.Duration(f.dice.below(int(2 * time.Second)))):
		return false
	}
}

func (f *faithful) note(c *client, line string) bool {
	var seq int64
	kind, _, _ := strings.Cut(strings.TrimPrefix(line, "1: "), " ")
	_, number, _ := strings.Cut(line, "@")
	_, _ = fmt.Sscan(number, &seq)
	switch kind {
	case "added", "corrected", "opened", "restored":
		if !f.began {
			f.from, f.began = seq-1, true
		}
		f.heard = append(f.heard, seq)
	case "ready":
		if !f.began {
			f.from, f.began = seq, true
		}
	default:
		if line != "1: error UNAVAILABLE" {
			f.t.Errorf("%s: %s", f.session, line)
		}
		return false
	}
	f.cursor = c.last
	return true
}
