// Package faults kills, stops and cuts the parts of a running installation while
// payments are written and followed, and checks afterwards, from the writers'
// and the subscribers' own logs, that nothing was lost, seen twice, or seen by
// somebody who may not. README.md tells the rows and how each was seen red.
package faults

import (
	"fmt"
	"slices"
	"time"
)

// What became of a write, as its writer knows it.
type outcome int

const (
	maybe     outcome = iota // nobody answered, and the writer went on without asking again
	committed                // the server said so
	refused                  // the server said that nothing was stored
)

// write is one write of a writer. A writer writes one at a time.
type write struct {
	event   string // what followers see of it: unique in the run
	outcome outcome
	began   time.Time
	ended   time.Time // when the answer came
}

// What a subscriber's log tells.
type kind int

const (
	opened kind = iota // a socket was opened, to go on after the last event got; at is when that was asked for
	ready              // the stream is live
	got                // an event came
	reset              // the server said that a part cannot be told
	closed             // the socket ended
)

// entry is one line of a subscriber's log.
type entry struct {
	kind  kind
	event string // of got
	code  int    // of closed: the close code, 0 where the connection broke
	why   string // of reset and closed
	at    time.Time
}

// subscriber is one client with its log. It keeps its cursor with each event.
type subscriber struct {
	name    string
	assure  int
	log     []entry
	revoked time.Time // when its session was ended, by the answer of who ended it; zero: never
}

// history is all that happened in a run.
type history struct {
	writes      map[int][]write  // by assuré, as their one writer made them
	stored      map[int][]string // by assuré, what the feed holds in the end, in its order
	subscribers []subscriber
	resets      bool // the operator has begun the feeds anew: clients are told so
}

// breach is an invariant that does not hold.
type breach struct {
	invariant string // I1 to I5, S1
	what      string
}

// check holds the history against the invariants:
//
//	I1 none missing: what was committed is stored, and every subscriber has seen all that is stored
//	I2 none twice, in one connection or in all of them together
//	I3 in order: the feed in the order of the writer, each subscriber in the order of the feed
//	I4 nothing seen that is not stored, refused, or another's
//	I5 each connection goes on right after the cursor that it was given, without a gap, or says FeedReset
//	S1 nothing written after a session's end reaches it; its socket is closed with 4401, and it opens no other
func (h history) check() (breaches []breach) {
	for assure, writes := range h.writes {
		breaches = append(breaches, h.checkStored(assure, writes)...)
	}
	for _, s := range h.subscribers {
		breaches = append(breaches, h.checkSeen(s)...)
		breaches = append(breaches, h.checkConnections(s)...)
		breaches = append(breaches, h.checkRevoked(s)...)
	}
	return breaches
}

// checkStored: acknowledged writes are stored, in the writer's order, and
// refused ones are not.
func (h history) checkStored(assure int, writes []write) (breaches []breach) {
	places, last := placesOf(h.stored[assure]), -1
	for _, w := range writes {
		place, stored := places[w.event]
		switch {
		case w.outcome == committed && !stored:
			breaches = append(breaches, breach{"I1", fmt.Sprintf("%s was committed and is not stored", w.event)})
		case w.outcome == refused && stored:
			breaches = append(breaches, breach{"I4", fmt.Sprintf("%s was refused and is stored", w.event)})
		case w.outcome == committed && place < last:
			breaches = append(breaches, breach{"I3", fmt.Sprintf("%s is stored before what was committed before it began", w.event)})
		case w.outcome == committed:
			last = place
		}
	}
	return breaches
}

func placesOf(events []string) map[string]int {
	places := make(map[string]int, len(events))
	for i, e := range events {
		places[e] = i
	}
	return places
}

// checkSeen holds all that a subscriber has seen against what is stored.
func (h history) checkSeen(s subscriber) (breaches []breach) {
	stored := h.stored[s.assure]
	places, times := placesOf(stored), make(map[string]int)
	excused := 0 // events before this place may be missing: the server said so, and the client loaded anew
	afterReset := false
	for _, e := range s.log {
		switch e.kind {
		case reset:
			afterReset = true
		case got:
			place, known := places[e.event]
			if !known {
				breaches = append(breaches, breach{"I4", fmt.Sprintf("%s saw %s, which is not in its feed", s.name, e.event)})
				continue
			}
			if afterReset {
				excused, afterReset = place, false
			}
			if times[e.event]++; times[e.event] == 2 {
				breaches = append(breaches, breach{"I2", fmt.Sprintf("%s saw %s twice", s.name, e.event)})
			}
		}
	}
	if !s.revoked.IsZero() || afterReset {
		return breaches // its end was cut off; checkConnections sees to what came before
	}
	for place, e := range stored {
		if times[e] == 0 && place >= excused {
			breaches = append(breaches, breach{"I1", fmt.Sprintf("%s did not see %s", s.name, e)})
		}
	}
	return breaches
}

// checkConnections walks from connection to connection: each event is the one
// after the one before.
func (h history) checkConnections(s subscriber) (breaches []breach) {
	places := placesOf(h.stored[s.assure])
	last, afterReset, inConnection := -1, false, make(map[string]bool)
	for _, e := range s.log {
		switch e.kind {
		case opened:
			clear(inConnection)
		case reset:
			afterReset = true
			if !h.resets {
				breaches = append(breaches, breach{"I5", fmt.Sprintf("%s was told to load anew (%s), and nobody had begun the feeds anew", s.name, e.why)})
			}
		case got:
			place, known := places[e.event]
			if !known {
				continue // I4 has it
			}
			if inConnection[e.event] {
				breaches = append(breaches, breach{"I2", fmt.Sprintf("%s saw %s twice in one connection", s.name, e.event)})
			}
			inConnection[e.event] = true
			switch {
			case afterReset:
			case place < last:
				breaches = append(breaches, breach{"I3", fmt.Sprintf("%s saw %s after a later one", s.name, e.event)})
			case place > last+1:
				breaches = append(breaches, breach{"I5", fmt.Sprintf("%s saw %s with %d events missing before it, and no FeedReset", s.name, e.event, place-last-1)})
			}
			last, afterReset = max(last, place), false
		}
	}
	return breaches
}

// checkRevoked: what was begun after the session's end was told never reaches
// it. That needs no clock but the test's own: the server looks at each session
// with each event.
func (h history) checkRevoked(s subscriber) (breaches []breach) {
	if s.revoked.IsZero() {
		return nil
	}
	after := make(map[string]bool)
	for _, w := range h.writes[s.assure] {
		after[w.event] = w.began.After(s.revoked)
	}
	for _, e := range s.log {
		if e.kind == opened && e.at.After(s.revoked) {
			breaches = append(breaches, breach{"S1", s.name + " opened a socket after its session had ended"})
		}
		if e.kind == got && after[e.event] {
			breaches = append(breaches, breach{"S1", fmt.Sprintf("%s saw %s, which was written after its session had ended", s.name, e.event)})
		}
	}
	end := slices.IndexFunc(s.log, func(e entry) bool { return e.kind == closed && e.code == 4401 })
	if end < 0 {
		breaches = append(breaches, breach{"S1", s.name + " was not closed with 4401"})
	}
	return breaches
}

// usage is what a node holds.
type usage struct{ sockets, subscriptions, goroutines, files float64 }

// slack is what a node may hold more than when nothing had happened yet: its
// pool's connections to the database, those of HTTP clients, and to NATS.
const slack = 40

// leaks is I8: what is still held once everybody has gone.
func (u usage) leaks(before usage) (breaches []breach) {
	for _, n := range []struct {
		of            string
		before, after float64
	}{
		{"sockets", before.sockets, u.sockets},
		{"subscriptions", before.subscriptions, u.subscriptions},
		{"goroutines", before.goroutines + slack, u.goroutines},
		{"files", before.files + slack, u.files},
	} {
		if n.after > n.before {
			breaches = append(breaches, breach{"I8", fmt.Sprintf("%.0f %s are left, at most %.0f are owed", n.after, n.of, n.before)})
		}
	}
	return breaches
}
