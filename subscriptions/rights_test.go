package subscriptions

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
)

// ringRights tells that what an assuré may do has changed.
func (w *world) ringRights(assures ...int64) {
	var chimes []domain.Chime
	for _, a := range assures {
		chimes = append(chimes, domain.Chime{FeedKey: domain.FeedKey{Assure: a, Feed: domain.FeedRights}})
	}
	if err := w.bell.Ring(chimes); err != nil {
		w.t.Error(err)
	}
}

// What is rung for bites without any time passing: the look each second, which
// would find it too, has not come. Fails where the bell of rights is not passed on,
// and where sockets are not found by their assuré.
func TestRightsBiteWithTheBell(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(w *world, c *client)
	}{
		{"a session is dead", func(w *world, c *client) {
			w.sessions.end("parent")
			w.ringRights(other, parent)
			c.closes(4401)
		}},
		{"a set grows", func(w *world, c *client) {
			w.sessions.set(assureActor("parent", parent, self, child, 73))
			w.ringRights(parent)
			c.hears("1: reset ACCESS_CHANGED @0")
		}},
		{"nothing is seen any more", func(w *world, c *client) {
			a := assureActor("parent", parent)
			a.Sights = nil
			w.sessions.set(a)
			w.ringRights(parent)
			c.hears("1: error NOT_FOUND")
		}},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				others := w.signIn("other")
				c := w.follow("")
				c.hears("1: ready @0")
				began := time.Now()
				row.change(w, c)
				if took := time.Since(began); took != 0 {
					t.Errorf("after %v", took)
				}
				others.hearsNothing()
			})
		})
	}
}

// Every node hears it, and all sockets of the assuré, whatever their session.
func TestRightsBiteOnAllSockets(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sessions.set(assureActor("again", parent, self, child))
		w.pipe()
		var dying []*client
		for range 3 {
			dying = append(dying, w.signIn("parent"))
		}
		gone, alive, otherOne := w.signIn("again"), w.signIn("narrow"), w.signIn("other")
		gone.leave()
		began := time.Now()
		w.sessions.end("parent")
		w.ringRights(parent)
		for _, c := range dying {
			c.closes(4401)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("after %v", took)
		}
		alive.hearsNothingElse()
		otherOne.hearsNothingElse()
	})
}

// What the bell loses the look each second finds, as it finds a birthday.
func TestRightsWithALostBell(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		w.bell.(*MemoryBell).Lose(true)
		began := time.Now()
		w.sessions.end("parent")
		w.ringRights(parent)
		c.closes(4401)
		if took := time.Since(began); took == 0 || took > 2*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

// A session that is renewed keeps its sockets, which know the new end at once.
func TestRightsOfARenewedSession(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := assureActor("parent", parent, self, child)
		a.Ends = noon.Add(time.Minute)
		w.sessions.set(a)
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		a.Ends = noon.Add(time.Hour)
		w.sessions.set(a)
		w.ringRights(parent)
		c.hearsNothing()
		for _, s := range w.sockets.list() {
			if v, _ := s.remembered(); !v.Ends.Equal(a.Ends) {
				t.Errorf("the socket ends at %v", v.Ends)
			}
		}
	})
}

// Connections are found by their assuré, in whatever order they come and go.
func TestKin(t *testing.T) {
	k, connections := make(kin), make([]*connection, 6)
	for i := range connections {
		connections[i] = &connection{}
		k.add(connections[i], int64(i%2))
	}
	has := func(assure int64) (found []int) {
		for s := k[assure]; s != nil; s = s.sibling {
			for i := range connections {
				if connections[i] == s {
					found = append(found, i)
				}
			}
		}
		return found
	}
	k.remove(&connection{}) // never added
	for _, row := range []struct {
		why    string
		remove int
		left   []int
	}{
		{"the middle", 2, []int{4, 0}},
		{"twice", 2, []int{4, 0}},
		{"the last that came", 4, []int{0}},
		{"the only one", 0, nil},
	} {
		k.remove(connections[row.remove])
		if diff := cmp.Diff(row.left, has(0)); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
	if _, known := k[0]; known || len(has(1)) != 3 {
		t.Errorf("left: %v", k)
	}
}
