package faults

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at is an instant of the made-up histories.
func at(second int) time.Time { return time.Unix(1_700_000_000+int64(second), 0) }

func sees(events ...string) (log []entry) {
	log = append(log, entry{kind: opened}, entry{kind: ready})
	for _, e := range events {
		log = append(log, entry{kind: got, event: e})
	}
	return log
}

// good is a history in which a, b and c were committed, d was refused, e had no
// answer and is stored, f had none and is not.
func good() history {
	return history{
		writes: map[int][]write{0: {
			{"a", committed, at(1), at(2)}, {"b", committed, at(3), at(4)}, {"d", refused, at(5), at(6)}, {"e", maybe, at(7), at(8)},
			{"f", maybe, at(9), at(10)}, {"c", committed, at(11), at(12)}}},
		stored:      map[int][]string{0: {"a", "b", "e", "c"}, 1: {"z"}},
		subscribers: []subscriber{{name: "s", assure: 0, log: append(sees("a", "b"), sees("e", "c")...)}},
	}
}

// TestCheck breaks each invariant in a history that holds them all: the checker
// must say so, and say nothing of the good one.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		why   string
		spoil func(h *history)
		want  []string
	}{
		{"nothing is wrong", func(*history) {}, nil},
		{"an event without an answer that came late is in order all the same", func(h *history) { h.stored[0] = []string{"a", "b", "c", "e"}; h.seen(sees("a", "b", "c", "e")) }, nil},
		{"an acknowledged write is gone from the database", func(h *history) { h.stored[0] = []string{"a", "e", "c"}; h.seen(sees("a", "e", "c")) }, []string{"I1"}},
		{"the last event never came", func(h *history) { h.seen(sees("a", "b", "e")) }, []string{"I1"}},
		{"one was left out across a reconnect: a resume from cursor + 1", func(h *history) { h.seen(append(sees("a", "b"), sees("c")...)) }, []string{"I1", "I5"}},
		{"one was left out within a connection: no check for gaps", func(h *history) { h.seen(sees("a", "e", "c")) }, []string{"I1", "I5"}},
		{"one came again across a reconnect: a resume from cursor - 1", func(h *history) { h.seen(append(sees("a", "b"), sees("b", "e", "c")...)) }, []string{"I2"}},
		{"one came twice in a connection: no deduplication", func(h *history) { h.seen(sees("a", "b", "b", "e", "c")) }, []string{"I2", "I2"}},
		{"two came in the wrong order", func(h *history) { h.seen(sees("a", "e", "b", "c")) }, []string{"I5", "I3"}},
		{"the feed is not in the order of the writer", func(h *history) { h.stored[0] = []string{"b", "a", "e", "c"}; h.seen(sees("b", "a", "e", "c")) }, []string{"I3"}},
		{"what was refused is stored", func(h *history) {
			h.stored[0] = []string{"a", "b", "d", "e", "c"}
			h.seen(sees("a", "b", "d", "e", "c"))
		}, []string{"I4"}},
		{"what was rolled back is seen", func(h *history) { h.seen(sees("a", "b", "e", "f", "c")) }, []string{"I4"}},
		{"another's event is seen", func(h *history) { h.seen(sees("a", "z", "b", "e", "c")) }, []string{"I4"}},
		{"a reset that the operator asked for excuses what is missing before it", func(h *history) {
			h.resets = true
			h.seen(append(append(sees("a"), entry{kind: reset, why: "EPOCH_CHANGED"}), entry{kind: got, event: "c"}))
		}, nil},
		{"a reset that nobody asked for", func(h *history) {
			h.seen(append(append(sees("a"), entry{kind: reset, why: "EPOCH_CHANGED"}), entry{kind: got, event: "c"}))
		}, []string{"I5"}},
		{"a session that has ended sees what came before, and no more", func(h *history) { h.revoke(at(5), append(sees("a", "b"), entry{kind: closed, code: 4401})) }, nil},
		{"a session that has ended sees on", func(h *history) {
			h.revoke(at(5), append(sees("a", "b", "e"), entry{kind: closed, code: 4401}))
		}, []string{"S1"}},
		{"a session that has ended comes back", func(h *history) {
			h.revoke(at(5), append(sees("a", "b"), entry{kind: opened, at: at(6)}, entry{kind: closed, code: 4401}))
		}, []string{"S1"}},
		{"a session that has ended keeps its socket", func(h *history) { h.revoke(at(5), sees("a", "b")) }, []string{"S1"}},
		{"a session that has ended had missed one before", func(h *history) { h.revoke(at(13), append(sees("a", "e"), entry{kind: closed, code: 4401})) }, []string{"I5"}},
	} {
		h := good()
		c.spoil(&h)
		var found []string
		for _, b := range h.check() {
			found = append(found, b.invariant)
		}
		if diff := cmp.Diff(c.want, found); diff != "" {
			t.Errorf("%s: %s%v", c.why, diff, h.check())
		}
	}
}

func (h *history) seen(log []entry) { h.subscribers[0].log = log }

func (h *history) revoke(when time.Time, log []entry) {
	h.subscribers[0].log, h.subscribers[0].revoked = log, when
}

// TestLeaks is I8 with numbers of a node.
func TestLeaks(t *testing.T) {
	before := usage{goroutines: 30, files: 20}
	for _, c := range []struct {
		why   string
		after usage
		want  int
	}{
		{"as before", before, 0},
		{"connections to the database that stay open are owed", usage{goroutines: 40, files: 36}, 0},
		{"a socket that nobody holds", usage{sockets: 1, goroutines: 30, files: 20}, 1},
		{"a subscription that outlived its socket", usage{subscriptions: 1, goroutines: 30, files: 20}, 1},
		{"a goroutine for each socket that was", usage{goroutines: 130, files: 20}, 1},
		{"a file for each socket that was", usage{goroutines: 30, files: 120}, 1},
	} {
		if got := c.after.leaks(before); len(got) != c.want {
			t.Errorf("%s: %v", c.why, got)
		}
	}
}
