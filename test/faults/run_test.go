package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"comptesante/db"
	"comptesante/domain/actor"
)

// run is one row played: followers and writers at work while something is done
// to the world.
type run struct {
	*world
	t         testing.TB
	random    *rand.Rand
	followers []*follower
	writers   []*writer
	sessions  []string // of the followers
	changed   *signal
	bases     []int64 // where each feed stood
	before    []usage // of the nodes; nil for a node that a row starts anew
	restarted []bool
	following sync.WaitGroup
	writing   sync.WaitGroup
	cancel    context.CancelFunc
	resets    bool
}

// begin starts followers, waits until all are live, and starts writers.
func (w *world) begin(t testing.TB, seed uint64, devices int) *run {
	t.Helper()
	w.runs++
	r := &run{world: w, t: t, random: rand.New(rand.NewPCG(seed, uint64(w.runs))), changed: newSignal(), restarted: make([]bool, len(w.c.Nodes))}
	for _, n := range w.c.Nodes {
		u, err := w.usage(n)
		if err != nil {
			t.Fatal(err)
		}
		r.before = append(r.before, u)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	t.Cleanup(r.close)
	for i, id := range w.assures {
		_, base := w.stored(i, 0)
		r.bases = append(r.bases, base)
		for d := range devices {
			session, token := w.mint(db.NewSession{Assure: id.Assure, Role: actor.Assure, Label: "follower"})
			r.sessions = append(r.sessions, session)
			f := &follower{address: w.proxies["clients"].Listen, dead: presumeDead, token: token, changed: r.changed,
				own: subscriber{name: fmt.Sprintf("person %d, device %d", i, d), assure: i}}
			if len(r.followers) == 0 { // one holds on to the first node, whatever becomes of it
				f.address, f.dead = w.c.Nodes[0].API, patience
			}
			r.followers = append(r.followers, f)
			r.following.Go(func() { f.run(ctx) })
		}
	}
	r.await("all followers are live", func() bool { return r.all(func(f *follower) bool { return f.count(ready) > 0 }) })
	for i := range w.assures {
		wr := &writer{address: w.c.Balancer.Address(), token: w.service, prefix: fmt.Sprintf("%d-%d", w.runs, i), assure: i, nir: w.numbers[i],
			every: 250 * time.Millisecond, random: rand.New(rand.NewPCG(seed, uint64(w.runs*people+i))), changed: r.changed,
			client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}, stop: make(chan struct{})}
		r.writers = append(r.writers, wr)
		r.writing.Go(func() { wr.run(ctx) })
	}
	r.flows("at first")
	return r
}

func (r *run) close() {
	r.cancel()
	r.writing.Wait()
	r.following.Wait()
	for _, w := range r.writers {
		w.client.CloseIdleConnections()
	}
}

// all tells whether something holds for every follower whose session lives.
func (r *run) all(holds func(*follower) bool) bool {
	return !slices.ContainsFunc(r.followers, func(f *follower) bool { return f.snapshot().revoked.IsZero() && !holds(f) })
}

// await waits until a condition holds, looking whenever a log has grown.
func (r *run) await(what string, holds func() bool) {
	r.t.Helper()
	deadline := time.After(patience)
	for {
		grown := r.changed.next()
		if holds() {
			return
		}
		select {
		case <-deadline:
			for _, b := range r.history().check() {
				if b.invariant != "I1" { // what has not come yet is no news
					r.t.Errorf("%s: %s", b.invariant, b.what)
				}
			}
			r.t.Fatalf("waited in vain: %s\n%s", what, r.where())
		case <-grown:
		case <-time.After(50 * time.Millisecond): // what is not in the logs
		}
	}
}

// where tells how far everybody is.
func (r *run) where() string {
	var b strings.Builder
	for _, w := range r.writers {
		log, failures := w.snapshot()
		fmt.Fprintf(&b, "writer %d: %d writes, last %s; %d failures", w.assure, len(log), w.lastCommitted().event, len(failures))
		if len(failures) > 0 {
			fmt.Fprintf(&b, ", the last: %.200s", failures[len(failures)-1])
		}
		b.WriteByte('\n')
	}
	for _, f := range r.followers {
		s := f.snapshot()
		fmt.Fprintf(&b, "%s: %d lines, the last:", s.name, len(s.log))
		for _, e := range s.log[max(0, len(s.log)-4):] {
			fmt.Fprintf(&b, " [%d %s %d %.60s]", e.kind, e.event, e.code, e.why)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// flows waits until every writer has written, and all its followers have seen,
// something that began after now.
func (r *run) flows(when string) {
	r.t.Helper()
	now := time.Now()
	marks := make([]string, people)
	r.await("payments flow "+when, func() bool {
		for i, w := range r.writers {
			if last := w.lastCommitted(); marks[i] == "" && last.began.After(now) {
				marks[i] = last.event
			}
		}
		return !slices.Contains(marks, "") && r.all(func(f *follower) bool { return f.saw(marks[f.own.assure]) })
	})
}

// revoke ends a follower's session, as a row goes on.
func (r *run) revoke(i int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.d.EndSession(ctx, "test", r.sessions[i]); err != nil {
		r.t.Fatal(err)
	}
	f := r.followers[i]
	f.mu.Lock()
	f.own.revoked = time.Now()
	f.mu.Unlock()
}

// revokeLive ends the session of a follower whose socket is open, and waits until
// the server has closed it. Nothing else is done meanwhile, so that the socket
// ends for that reason alone.
func (r *run) revokeLive(i int) {
	r.t.Helper()
	f := r.followers[i]
	r.await(f.own.name+" is live", f.isLive)
	r.revoke(i)
	began := time.Now()
	r.await("the socket of an ended session is closed", func() bool {
		log := f.snapshot().log
		return log[len(log)-1].kind == closed
	})
	r.t.Logf("S1: an open socket was closed %s after its session had ended", time.Since(began).Round(time.Millisecond))
}

// end stops the writers, waits until everybody has seen the last event, lets
// all go, and checks.
func (r *run) end() figures {
	r.t.Helper()
	for _, w := range r.writers {
		close(w.stop)
	}
	r.writing.Wait()
	late := r.caughtUp(r.history())
	r.cancel()
	r.following.Wait()
	h := r.history()
	breaches := h.check()
	if late && len(breaches) == 0 {
		r.t.Errorf("the last events have not come, and the checker sees nothing wrong:\n%s", r.where())
	}
	for _, b := range append(breaches, r.leaks()...) {
		r.t.Errorf("%s: %s", b.invariant, b.what)
	}
	return figuresOf(h, r.writers)
}

// history is all that has happened until now. The logs are taken before the
// database is read: what was seen by then is stored by then.
func (r *run) history() history {
	h := history{writes: make(map[int][]write), stored: make(map[int][]string), resets: r.resets}
	for _, f := range r.followers {
		h.subscribers = append(h.subscribers, f.snapshot())
	}
	for i, w := range r.writers {
		h.writes[i], _ = w.snapshot()
		h.stored[i], _ = r.stored(i, r.bases[i])
	}
	return h
}

// caughtUp waits until each follower has the last event of its feed, and each
// that was revoked is closed; late where that does not come.
func (r *run) caughtUp(h history) (late bool) {
	deadline := time.After(patience)
	for {
		grown := r.changed.next()
		there := r.all(func(f *follower) bool {
			events := h.stored[f.own.assure]
			return len(events) == 0 || f.saw(events[len(events)-1])
		})
		for _, f := range r.followers {
			s := f.snapshot()
			there = there && (s.revoked.IsZero() || slices.ContainsFunc(s.log, func(e entry) bool { return e.code == 4401 }))
		}
		if there {
			return false
		}
		select {
		case <-deadline:
			return true
		case <-grown:
		}
	}
}

// leaks is I8: once all have gone, each node holds what it held before, or what
// any held, where it was started anew.
func (r *run) leaks() (breaches []breach) {
	for i, n := range r.c.Nodes {
		before := r.before[i]
		if r.restarted[i] {
			before = r.before[0] // they are alike
			before.sockets, before.subscriptions = 0, 0
		}
		deadline := time.Now().Add(patience)
		for {
			u, err := r.usage(n)
			found := u.leaks(before)
			if err == nil && len(found) == 0 {
				break
			}
			if time.Now().After(deadline) {
				breaches = append(breaches, found...)
				if err != nil {
					breaches = append(breaches, breach{"I8", fmt.Sprintf("%s: %v", n.Name, err)})
				}
				break
			}
			time.Sleep(100 * time.Millisecond) // nobody tells when a number changes
		}
	}
	return breaches
}

// figures are what a row has measured: told, and never asserted.
type figures struct {
	writes, failures, events, reconnects int
	p50, p99                             time.Duration // from a writer's answer to a follower's log
}

func figuresOf(h history, writers []*writer) (f figures) {
	ended := make(map[string]time.Time)
	for i, w := range writers {
		_, failures := w.snapshot()
		f.writes, f.failures = f.writes+len(h.writes[i]), f.failures+len(failures)
		for _, wr := range h.writes[i] {
			if wr.outcome == committed {
				ended[wr.event] = wr.ended
			}
		}
	}
	var delays []time.Duration
	for _, s := range h.subscribers {
		for _, e := range s.log {
			switch at, known := ended[e.event]; {
			case e.kind == opened:
				f.reconnects++
			case e.kind == got && known:
				f.events++
				delays = append(delays, max(0, e.at.Sub(at)))
			}
		}
		f.reconnects-- // the first is none
	}
	slices.Sort(delays)
	if n := len(delays); n > 0 {
		f.p50, f.p99 = delays[(n-1)/2], delays[(n-1)*99/100]
	}
	return f
}

// String tells the figures in a line.
func (f figures) String() string {
	return fmt.Sprintf("%d writes (%d tries without an answer), %d events, %d reconnects, from answer to follower p50 %s p99 %s",
		f.writes, f.failures, f.events, f.reconnects, f.p50.Round(time.Millisecond), f.p99.Round(time.Millisecond))
}
