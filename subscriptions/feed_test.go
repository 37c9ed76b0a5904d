package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

func TestFeedBegins(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.follow("").hears("1: ready @0")
		w.pay(self, self)
		c := w.follow("")
		c.hears("1: ready @2")
		w.pay(child)
		w.ring(w.feeds.add(family, domain.Event{Kind: domain.EventCorrected, Fact: paying(self)}))
		c.hears("1: added @3", "1: corrected @4")
		c.hearsNothing()
	})
}

// Each event of the gap comes once, in order, then FeedReady, then what is new.
func TestFeedResumes(t *testing.T) {
	for _, row := range []struct {
		why        string
		from, head int64
	}{
		{"nothing was missed", 7, 7},
		{"from the very beginning", 0, 3},
		{"one event", 6, 7},
		{"one less than a batch", 1, 100},
		{"a batch", 0, 100},
		{"one more than a batch", 0, 101},
		{"whole batches", 50, 350},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				w.record(repeat(self, int(row.head))...)
				c := w.follow(w.cursorAt(1, row.from))
				c.hears(append(added("1", row.from+1, row.head), fmt.Sprintf("1: ready @%d", row.head))...)
				w.pay(self, child)
				c.hears(added("1", row.head+1, row.head+2)...)
				c.hearsNothing()
			})
		})
	}
}

// What the bell loses is found by the poll.
func TestFeedOfALostBell(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		w.bell.(*MemoryBell).Lose(true)
		began := time.Now()
		w.pay(repeat(self, 250)...)
		c.hears(added("1", 1, 250)...)
		if took := time.Since(began); took > hubPoll {
			t.Errorf("after %v", took)
		}
		w.bell.(*MemoryBell).Lose(false)
		began = time.Now()
		w.pay(self)
		c.hears("1: added @251")
		if took := time.Since(began); took != 0 {
			t.Errorf("after %v, with a bell", took)
		}
	})
}

// What else is rung for is told to whoever asked for it, without a feed.
func TestOthersAreTold(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		told := make(chan int64, 1)
		w.hub.Others = map[domain.FeedKey]func(int64){domain.ReferenceKey: func(seq int64) { told <- seq }}
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		if err := w.bell.Ring([]domain.Chime{{FeedKey: domain.ReferenceKey, Seq: 5}}); err != nil {
			t.Fatal(err)
		}
		if got := <-told; got != 5 {
			t.Errorf("told %d", got)
		}
		w.pay(self)
		c.hears("1: added @1")
	})
}

// Chimes may come twice, in any order, late, ahead of what can be read, and of
// feeds that nobody follows.
func TestFeedOfAConfusedBell(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		w.record(self, self, self, self)
		w.ring(4, 2, 2, 1, 4, 3)
		c.hears(added("1", 1, 4)...)
		w.ring(1, 4, 9)
		if err := w.bell.Ring([]domain.Chime{{FeedKey: domain.FeedKey{Assure: 99, Feed: "x"}, Seq: 5}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		c.hearsNothing()
		w.pay(self)
		c.hears("1: added @5")
		time.Sleep(3 * time.Second)
		c.hearsNothing()
	})
}

// The hub may offer what a follower has caught up with already. Fails when an
// event that was sent is not dropped.
func TestFollowerDropsWhatWasSent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.record(repeat(self, 3)...)
		first := w.follow("")
		first.hears("1: ready @3")
		second := w.signIn("parent")
		reading := make(chan struct{})
		var reads atomic.Int64
		w.feeds.hook(func() {
			w.feeds.onRead = func(context.Context) {
				if reads.Add(1) == 1 { // the hub's, for both
					<-reading
				}
			}
		})
		w.pay(self, self)
		synctest.Wait()
		second.subscribe("1", w.cursorAt(1, 3))
		second.hears("1: added @4", "1: added @5", "1: ready @5")
		close(reading)
		first.hears(added("1", 4, 5)...)
		second.hearsNothing()
		w.pay(self)
		second.hears("1: added @6")
	})
}

// holdActors makes the nth read of actors from now on wait for the channel to be
// closed.
func (w *world) holdActors(nth int64) chan struct{} {
	held := make(chan struct{})
	var asks atomic.Int64
	w.sessions.hook(func() {
		if asks.Add(1) == nth {
			<-held
		}
	})
	return held
}

// A writer goes on while a follower catches up: nothing is lost between the two.
func TestFeedGoesOnDuringCatchUp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.record(repeat(self, 450)...)
		var reads atomic.Int64
		w.feeds.hook(func() {
			w.feeds.onRead = func(context.Context) {
				if reads.Add(1) <= 10 {
					w.pay(repeat(self, 30)...)
				}
			}
		})
		c := w.follow(w.cursorAt(1, 10))
		synctest.Wait()
		head := w.record()
		var got []string
		for range head - 10 + 1 {
			line, err := c.next()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, line)
		}
		c.hearsNothing()
		ready := slices.IndexFunc(got, func(line string) bool { return line[:8] == "1: ready" })
		if ready < 440 {
			t.Fatalf("ready after %d of the 440 events of the gap", ready)
		}
		if !slices.Equal(slices.Delete(got, ready, ready+1), added("1", 11, head)) {
			t.Errorf("got %q", got)
		}
	})
}

// An event that is offered between a follower's last read and its taking note of
// it is not taken for one that is gone.
func TestFeedGoesOnAsCatchUpEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.record(self, self)
		w.follow("").hears("1: ready @2")
		c := w.signIn("parent")
		held := w.holdActors(1) // it has read its gap
		c.subscribe("1", w.cursorAt(1, 1))
		synctest.Wait()
		w.pay(self)
		synctest.Wait()
		close(held)
		c.hears("1: added @2", "1: added @3", "1: ready @3")
	})
}

// What the hub read is not whole: the follower reads the gap itself. Fails when
// a follower does not compare an event's sequence with its own.
func TestFeedWithAGapInWhatTheHubRead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		w.feeds.hook(func() {
			w.feeds.tamper = func(events map[domain.FeedKey]domain.FeedRead) {
				events[family] = domain.FeedRead{Events: slices.Delete(events[family].Events, 1, 3)}
			}
		})
		w.pay(repeat(self, 5)...)
		c.hears(added("1", 1, 5)...)
		c.hearsNothing()
		w.pay(self)
		c.hears("1: added @6")
	})
}

func TestFeedWithAFailingRead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		w.feeds.fail(always(errAway))
		w.pay(self)
		time.Sleep(10 * time.Second)
		w.pay(self)
		c.hearsNothing()
		w.feeds.fail(nil)
		began := time.Now()
		c.hears(added("1", 1, 2)...)
		if took := time.Since(began); took > hubPoll {
			t.Errorf("%v after the database came back", took)
		}
	})
}

// A read that hangs, as over a network that swallows all, is given up: nobody
// waits for it for ever.
func TestFeedWithAHangingRead(t *testing.T) {
	for _, row := range []struct {
		why  string
		hang func(w *world, once func(context.Context))
	}{
		{"of events", func(w *world, once func(context.Context)) {
			w.feeds.onRead = once
		}},
		{"of heads", func(w *world, once func(context.Context)) { w.feeds.onHead = once }},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				c := w.follow("")
				c.hears("1: ready @0")
				var hung atomic.Bool
				w.feeds.hook(func() {
					row.hang(w, func(ctx context.Context) {
						if hung.CompareAndSwap(false, true) {
							<-ctx.Done()
						}
					})
				})
				w.bell.(*MemoryBell).Lose(true)
				time.Sleep(2 * hubPoll)
				w.pay(self)
				c.hears("1: added @1")
			})
		})
	}
}

func TestFeedWhoseDatabaseIsAwayAtFirst(t *testing.T) {
	for _, row := range []struct {
		why        string
		fail, mend func(w *world)
	}{
		{"the feed", func(w *world) { w.feeds.fail(always(errAway)) }, func(w *world) { w.feeds.fail(nil) }},
		{"who follows", func(w *world) { w.sessions.fail(always(errAway)) }, func(w *world) { w.sessions.fail(nil) }},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				w.record(repeat(self, 250)...)
				c := w.signIn("parent")
				var reads atomic.Int64
				w.feeds.hook(func() {
					w.feeds.onRead = func(context.Context) {
						if reads.Add(1) == 2 {
							row.fail(w)
						}
					}
				})
				c.subscribe("1", w.cursorAt(1, 0))
				c.hears(added("1", 1, 100)...)
				time.Sleep(10 * time.Second)
				c.hearsNothing()
				row.mend(w)
				c.hears(append(added("1", 101, 250), "1: ready @250")...)
				w.pay(self)
				c.hears("1: added @251")
			})
		})
	}
}

// A cursor that the feed cannot be continued from is told, never passed over.
func TestFeedResets(t *testing.T) {
	for _, row := range []struct {
		why    string
		after  domain.Position
		change func(w *world)
		want   []string
	}{
		{"a cursor of an epoch before", domain.Position{Epoch: 1, Seq: 2}, func(w *world) { w.feeds.restore(2, 5) },
			[]string{"1: reset EPOCH_CHANGED @5 of epoch 2", "1: ready @5 of epoch 2"}},
		{"a cursor of an epoch before, at the head", domain.Position{Epoch: 1, Seq: 5}, func(w *world) { w.feeds.restore(2, 5) },
			[]string{"1: reset EPOCH_CHANGED @5 of epoch 2", "1: ready @5 of epoch 2"}},
		{"a cursor ahead of the feed", domain.Position{Epoch: 1, Seq: 6}, func(*world) {},
			[]string{"1: reset EPOCH_CHANGED @5", "1: ready @5"}},
		{"the cursor of the head", domain.Position{Epoch: 1, Seq: 5}, func(*world) {},
			[]string{"1: ready @5"}},
		{"what follows was purged in part", domain.Position{Epoch: 1, Seq: 1}, func(w *world) { w.feeds.purge(func(e domain.Event) bool { return e.Seq <= 3 }) },
			[]string{"1: reset CURSOR_TOO_OLD @5", "1: ready @5"}},
		{"what was purged was seen", domain.Position{Epoch: 1, Seq: 3}, func(w *world) { w.feeds.purge(func(e domain.Event) bool { return e.Seq <= 3 }) },
			[]string{"1: added @4", "1: added @5", "1: ready @5"}},
		{"all of it was purged", domain.Position{Epoch: 1, Seq: 1}, func(w *world) { w.feeds.purge(func(domain.Event) bool { return true }) },
			[]string{"1: reset CURSOR_TOO_OLD @5", "1: ready @5"}},
		{"one in the middle is missing", domain.Position{Epoch: 1, Seq: 1}, func(w *world) { w.feeds.purge(func(e domain.Event) bool { return e.Seq == 4 }) },
			[]string{"1: reset CURSOR_TOO_OLD @5", "1: ready @5"}},
		{"the last is missing", domain.Position{Epoch: 1, Seq: 1}, func(w *world) { w.feeds.purge(func(e domain.Event) bool { return e.Seq == 5 }) },
			[]string{"1: added @2", "1: added @3", "1: added @4", "1: reset CURSOR_TOO_OLD @5", "1: ready @5"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				w.record(repeat(self, 5)...)
				row.change(w)
				c := w.follow(w.codec.Feed(family, row.after))
				c.hears(row.want...)
				c.hearsNothing()
				w.pay(self)
				at, _, _ := w.codec.ParseFeed(family, c.last)
				c.hears("1: added " + place(domain.Position{Epoch: at.Epoch, Seq: 6}))
			})
		})
	}
}

// The gap is given for 27 months back, to the day in Paris.
func TestFeedResumesWithinTheWindow(t *testing.T) {
	paris := func(y int, m time.Month, d, hour, minute int) time.Time {
		return time.Date(y, m, d, hour, minute, 0, 0, civil.Paris)
	}
	for _, row := range []struct {
		why        string
		first, now time.Time
		whole      bool
	}{
		{"the day before", paris(2024, 2, 22, 23, 59), paris(2026, 5, 23, 0, 0), false},
		{"the day", paris(2024, 2, 23, 0, 0), paris(2026, 5, 23, 23, 59), true},
		{"the day after", paris(2024, 2, 24, 0, 0), paris(2026, 5, 23, 0, 0), true},
		{"29 February, seen from 31 May", paris(2024, 2, 29, 0, 0), paris(2026, 5, 31, 23, 59), true},
		{"the day before 29 February, seen from 31 May", paris(2024, 2, 28, 23, 59), paris(2026, 5, 31, 0, 0), false},
		{"29 February, seen from 1 June", paris(2024, 2, 29, 23, 59), paris(2026, 6, 1, 0, 0), false},
		{"28 February of a common year, seen from 31 May", paris(2025, 2, 28, 0, 0), paris(2027, 5, 31, 0, 0), true},
		{"the night in which clocks move", paris(2024, 3, 31, 0, 30), paris(2026, 6, 30, 12, 0), true},
		{"an hour after midnight in Paris, the day before in UTC", paris(2024, 2, 23, 0, 30), paris(2026, 5, 23, 0, 30), true},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				paid := paying(self)
				paid.Payment.PaidOn = civil.Of(row.now)
				w.clock.set(row.now)
				w.feeds.add(family, domain.Event{OccurredAt: row.first, Fact: paid})
				w.feeds.add(family, domain.Event{Fact: paid})
				c := w.follow(w.cursorAt(1, 0))
				if row.whole {
					c.hears("1: added @1", "1: added @2", "1: ready @2")
				} else {
					c.hears("1: reset CURSOR_TOO_OLD @2", "1: ready @2")
				}
			})
		})
	}
}

// What is told is what the history shows: payments of the last 27 months.
func TestFeedPassesOverOldPayments(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.clock.set(time.Date(2026, time.May, 31, 12, 0, 0, 0, civil.Paris))
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		for _, paidOn := range []civil.Date{{Year: 2024, Month: 2, Day: 28}, {Year: 2024, Month: 2, Day: 29}, {Year: 2024, Month: 3, Day: 1}} {
			paid := paying(self)
			paid.Payment.PaidOn = paidOn
			w.ring(w.feeds.add(family, domain.Event{Fact: paid}))
		}
		c.hears("1: added @2", "1: added @3")
		c.hearsNothing()
	})
}

func TestFeedIsBegunAnew(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(w *world)
		want   []string
		next   int64
	}{
		{"further back", func(w *world) { w.feeds.restore(2, 1) },
			[]string{"1: reset EPOCH_CHANGED @1 of epoch 2", "1: ready @1 of epoch 2"}, 2},
		{"where it stood", func(w *world) { w.feeds.restore(2, 3) },
			[]string{"1: reset EPOCH_CHANGED @3 of epoch 2", "1: ready @3 of epoch 2"}, 4},
		{"empty", func(w *world) { w.feeds.restore(2, 0) },
			[]string{"1: reset EPOCH_CHANGED @0 of epoch 2", "1: ready @0 of epoch 2"}, 1},
		{"and an event comes before the poll", func(w *world) { w.feeds.restore(2, 3); w.pay(self) },
			[]string{"1: reset EPOCH_CHANGED @4 of epoch 2", "1: ready @4 of epoch 2"}, 5},
		{"and events come that no chime tells", func(w *world) { w.feeds.restore(2, 1); w.record(repeat(self, 4)...) },
			[]string{"1: reset EPOCH_CHANGED @5 of epoch 2", "1: ready @5 of epoch 2"}, 6},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				c := w.follow("")
				c.hears("1: ready @0")
				w.pay(repeat(self, 3)...)
				c.hears(added("1", 1, 3)...)
				row.change(w)
				began := time.Now()
				c.hears(row.want...)
				if took := time.Since(began); took > hubPoll {
					t.Errorf("after %v", took)
				}
				time.Sleep(3 * hubPoll)
				c.hearsNothing()
				w.pay(self)
				c.hears(fmt.Sprintf("1: added @%d of epoch 2", row.next))
			})
		})
	}
}

func TestFeedIsBegunAnewDuringCatchUp(t *testing.T) {
	for _, row := range []struct {
		why  string
		seq  int64
		want []string
		next int64
	}{
		{"behind what was sent", 50, []string{"1: reset CURSOR_TOO_OLD @450", "1: ready @450",
			"1: reset EPOCH_CHANGED @50 of epoch 2", "1: ready @50 of epoch 2"}, 51},
		{"ahead of what was sent", 101, []string{"1: reset EPOCH_CHANGED @101 of epoch 2", "1: ready @101 of epoch 2"}, 102},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				w.record(repeat(self, 450)...)
				var reads atomic.Int64
				w.feeds.hook(func() {
					w.feeds.onRead = func(context.Context) {
						if reads.Add(1) == 2 {
							w.feeds.restore(2, row.seq)
						}
					}
				})
				c := w.follow(w.cursorAt(1, 0))
				c.hears(added("1", 1, 100)...)
				c.hears(row.want...)
				time.Sleep(3 * hubPoll)
				c.hearsNothing()
				w.pay(self)
				c.hears(fmt.Sprintf("1: added @%d of epoch 2", row.next))
			})
		})
	}
}

// Who subscribes after a feed was begun anew, and before the hub has noticed,
// misses nothing of what comes between.
func TestFeedIsFollowedBeforeTheHubKnowsItsEpoch(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.record(repeat(self, 3)...)
		w.follow("").hears("1: ready @3")
		w.feeds.restore(2, 1)
		c := w.follow("")
		c.hears("1: ready @1 of epoch 2")
		w.bell.(*MemoryBell).Lose(true)
		w.pay(self)
		c.hears("1: added @2 of epoch 2")
		time.Sleep(3 * hubPoll)
		c.hearsNothing()
	})
}

// The hub asks where the feeds stand while somebody registers a feed that it did
// not ask for: that one is not taken for empty.
func TestFeedIsFollowedWhileTheHubLooks(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		other := w.signIn("other")
		other.subscribe("1", "")
		c := w.signIn("parent")
		w.record(repeat(self, 3)...)
		w.feeds.restore(2, 3)
		looking := make(chan struct{})
		var looks atomic.Int64
		w.feeds.hook(func() {
			w.feeds.onHead = func(context.Context) {
				if looks.Add(1) == 1 {
					<-looking
				}
			}
		})
		for looks.Load() == 0 {
			time.Sleep(hubPoll / 10)
		}
		synctest.Wait()
		beginning := w.holdActors(1) // it has registered
		c.subscribe("1", "")
		synctest.Wait()
		close(looking)
		synctest.Wait()
		close(beginning)
		c.hears("1: ready @3 of epoch 2")
		time.Sleep(3 * hubPoll)
		c.hearsNothing()
		w.pay(self)
		c.hears("1: added @4 of epoch 2")
	})
}

// The feed is found to be begun anew between a follower's registering in its new
// epoch and its beginning: it has nothing to be told.
func TestFeedIsBegunAnewAsItIsFollowed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.record(repeat(self, 3)...)
		before := w.follow("")
		before.hears("1: ready @3")
		w.feeds.restore(2, 3)
		c := w.signIn("parent")
		beginning := w.holdActors(1)
		c.subscribe("1", w.cursorAt(2, 2))
		synctest.Wait()
		before.hears("1: reset EPOCH_CHANGED @3 of epoch 2", "1: ready @3 of epoch 2")
		w.pay(self)
		synctest.Wait()
		close(beginning)
		c.hears("1: added @3 of epoch 2", "1: added @4 of epoch 2", "1: ready @4 of epoch 2")
		c.hearsNothing()
	})
}

// More feeds ring at once than one read takes: the rest waits for no poll.
func TestFeedsThatRingTogether(t *testing.T) {
	const feeds = 2*hubBatch + 10
	inBubble(t, func(t *testing.T, w *world) {
		many := assureActor("many", 999)
		for i := range int64(feeds) {
			many.Sights = append(many.Sights, actor.Sight{Assure: 1000 + i, Beneficiaries: []int64{self}})
		}
		w.sessions.set(many)
		w.sockets.Limits.Operations = feeds
		w.pipe()
		c := w.signIn("many")
		c.keys = make(map[string]domain.FeedKey)
		for i := range int64(feeds) {
			c.keys[fmt.Sprint(i)] = domain.FeedKey{Assure: 1000 + i, Feed: domain.FeedPayments}
			c.followOf(fmt.Sprint(i), 1000+i)
		}
		c.hearsEach(feeds, "ready @0")
		w.bell.(*MemoryBell).Lose(true)
		for i := range int64(feeds) {
			w.feeds.add(c.keys[fmt.Sprint(i)], domain.Event{Fact: paying(self)})
		}
		began := time.Now()
		c.hearsEach(feeds, "added @1")
		if took := time.Since(began); took > hubPoll {
			t.Errorf("after %v", took)
		}
	})
}

// hearsEach holds that each of the operations 0 to n-1 hears a message, the same
// but for its id.
func (c *client) hearsEach(n int, want string) {
	c.t.Helper()
	heard := make(map[string]bool)
	for range n {
		line, err := c.next()
		if err != nil {
			c.t.Fatal(err)
		}
		id, what, _ := strings.Cut(line, ": ")
		if what != want {
			c.t.Fatalf("heard %q, want %q", line, want)
		}
		heard[id] = true
	}
	if len(heard) != n {
		c.t.Fatalf("%d operations heard it, want %d", len(heard), n)
	}
}

// Events of whom the actor does not see are passed over, and the cursor moves on.
func TestFeedPassesOverWhoIsNotSeen(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.sessions.set(assureActor("parent", parent, self))
		w.record(child, self, child)
		c := w.follow(w.cursorAt(1, 0))
		c.hears("1: added @2", "1: ready @3")
		w.pay(child, child)
		c.hearsNothing()
		w.pay(self)
		c.hears("1: added @6")
	})
}

// A second parent follows the same feed and sees the child alone.
func TestFeedOfASecondParent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		second := assureActor("second", 9, 91)
		second.Sights = append(second.Sights, actor.Sight{Assure: parent, Beneficiaries: []int64{child}})
		w.sessions.set(second)
		c := w.signIn("second")
		c.followOf("1", parent)
		c.hears("1: ready @0")
		first := w.follow("")
		first.hears("1: ready @0")
		w.pay(self, child)
		c.hears("1: added @2")
		first.hears("1: added @1", "1: added @2")
		c.hearsNothing()
	})
}

// A set that grows is told, since events were passed over before: within a
// second, and before the next event.
func TestFeedOfASetThatGrows(t *testing.T) {
	narrow, wide := assureActor("parent", parent, self), assureActor("parent", parent, self, child)
	for _, row := range []struct {
		why string
		pay bool
	}{
		{"between events", false},
		{"as an event comes", true},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				w.sessions.set(narrow)
				c := w.follow("")
				c.hears("1: ready @0")
				w.pay(child)
				c.hearsNothing()
				w.sessions.set(wide)
				began := time.Now()
				if row.pay {
					w.pay(child)
					c.hears("1: reset ACCESS_CHANGED @1", "1: added @2")
				} else {
					c.hears("1: reset ACCESS_CHANGED @1")
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("after %v", took)
				}
				time.Sleep(5 * time.Second)
				c.hearsNothing()
			})
		})
	}
}

// A set that grows while the gap is read.
func TestFeedOfASetThatGrowsDuringCatchUp(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.sessions.set(assureActor("parent", parent, self))
		w.record(repeat(child, 99)...)
		w.record(self, child)
		var reads atomic.Int64
		w.feeds.hook(func() {
			w.feeds.onRead = func(context.Context) {
				if reads.Add(1) == 2 {
					w.sessions.set(assureActor("parent", parent, self, child))
				}
			}
		})
		w.follow(w.cursorAt(1, 0)).hears("1: added @100", "1: reset ACCESS_CHANGED @100", "1: added @101", "1: ready @101")
	})
}

// A set that shrinks, and is not gone, bites at the next event, says nothing and
// closes nothing.
func TestFeedOfASetThatShrinks(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		w.pay(child)
		c.hears("1: added @1")
		w.sessions.set(assureActor("parent", parent, self))
		w.pay(child, self)
		c.hears("1: added @3")
	})
}

// secondParent sees a child of the family, and nobody of it without a mandate.
func secondParent(sees ...int64) actor.Actor {
	a := assureActor("second", 9, 91)
	if len(sees) > 0 {
		a.Sights = append(a.Sights, actor.Sight{Assure: parent, Beneficiaries: sees})
	}
	return a
}

// Who may see nothing of a file any more is told so: within two seconds, or with
// the next event and without it. The socket stays, with what else runs on it.
func TestFeedOfASetThatIsGone(t *testing.T) {
	for _, row := range []struct {
		why string
		pay bool
	}{
		{"between events", false},
		{"as an event comes", true},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				w.sessions.set(secondParent(child))
				c := w.signIn("second")
				own := domain.FeedKey{Assure: 9, Feed: domain.FeedPayments}
				c.keys = map[string]domain.FeedKey{"own": own}
				c.subscribe("own", "")
				c.hears("own: ready @0")
				c.followOf("1", parent)
				c.hears("1: ready @0")
				w.pay(child, self)
				c.hears("1: added @1")
				cursor := c.last
				w.sessions.set(secondParent())
				began := time.Now()
				if row.pay {
					w.pay(child)
				}
				c.hears("1: error NOT_FOUND")
				if took := time.Since(began); took > 2*time.Second || (row.pay && took != 0) {
					t.Errorf("after %v", took)
				}
				w.pay(child)
				time.Sleep(5 * time.Second)
				c.hearsNothing()
				if n := w.followed(); n != 1 {
					t.Errorf("%d feeds are followed", n)
				}
				seq := w.feeds.add(own, domain.Event{Fact: paying(91)})
				if err := w.bell.Ring([]domain.Chime{{FeedKey: own, Seq: seq}}); err != nil {
					t.Fatal(err)
				}
				c.hears("own: added @1")

				c.followOf("1", parent)
				c.hears("1: error NOT_FOUND")
				w.sessions.set(secondParent(child)) // granted anew: nothing in between is lost
				if err := c.ask("1", newPayments, map[string]any{"assure": assureID(parent), "after": cursor}); err != nil {
					t.Fatal(err)
				}
				last := w.feeds.last[family]
				c.hears(append(added("1", 3, last), fmt.Sprintf("1: ready @%d", last))...)
			})
		})
	}
}

// The same while the gap is read, and before anything was read.
func TestFeedOfASetThatIsGoneDuringCatchUp(t *testing.T) {
	for why, at := range map[string]int64{"at the first batch": 1, "at the second": 2} {
		t.Run(why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				w.sessions.set(secondParent(child))
				w.record(repeat(child, 150)...)
				var reads atomic.Int64
				w.feeds.hook(func() {
					w.feeds.onRead = func(context.Context) {
						if reads.Add(1) == at {
							w.sessions.set(secondParent())
						}
					}
				})
				c := w.signIn("second")
				if err := c.ask("1", newPayments, map[string]any{"assure": assureID(parent), "after": w.cursorAt(1, 0)}); err != nil {
					t.Fatal(err)
				}
				c.hears(append(added("1", 1, (at-1)*feedBatch), "1: error NOT_FOUND")...)
				synctest.Wait()
				if n := w.followed(); n != 0 {
					t.Errorf("%d feeds are followed", n)
				}
				w.nobodyCatchesUp()
			})
		})
	}
}

// The same where the gap is empty: nothing tells where the feed stands.
func TestFeedOfASetThatIsGoneWithNothingToRead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.sessions.set(secondParent(child))
		w.feeds.hook(func() {
			w.feeds.onHead = func(context.Context) { w.sessions.set(secondParent()) }
		})
		c := w.signIn("second")
		c.followOf("1", parent)
		c.hears("1: error NOT_FOUND")
	})
}

// The same between the transport's look and the one before the follower begins.
func TestFeedOfASetThatIsGoneAsItIsFollowed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.sessions.set(secondParent(child))
		c := w.signIn("second")
		beginning := w.holdActors(1)
		c.followOf("1", parent)
		synctest.Wait()
		w.sessions.set(secondParent())
		close(beginning)
		c.hears("1: error NOT_FOUND")
		synctest.Wait()
		if n := w.followed(); n != 0 {
			t.Errorf("%d feeds are followed", n)
		}
	})
}

// A second mandate in the same file widens what is followed: that is told.
func TestFeedOfASecondChild(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		const sibling = int64(73)
		w.sessions.set(secondParent(child))
		c := w.signIn("second")
		c.followOf("1", parent)
		c.hears("1: ready @0")
		w.pay(sibling, child)
		c.hears("1: added @2")
		w.sessions.set(secondParent(child, sibling))
		c.hears("1: reset ACCESS_CHANGED @2")
		w.pay(self, sibling, child)
		c.hears("1: added @4", "1: added @5")
		w.sessions.set(secondParent(sibling)) // one of two ends: nothing is told
		w.pay(child, sibling)
		c.hears("1: added @7")
		time.Sleep(5 * time.Second)
		c.hearsNothing()
	})
}

// A set that grew while nobody was connected is told on the way back: what was
// passed over before must be loaded. One that shrank, or is as it was, is not, nor
// is anything where the cursor does not say.
func TestFeedResumesWithAnotherSet(t *testing.T) {
	const sibling = int64(73)
	for _, row := range []struct {
		why      string
		saw, now []int64
		want     []string
	}{
		{"as it was", []int64{child}, []int64{child}, []string{"1: added @2", "1: added @4", "1: ready @5"}},
		{"one more", []int64{child}, []int64{child, sibling}, []string{"1: reset ACCESS_CHANGED @5", "1: ready @5"}},
		{"one less", []int64{child, sibling}, []int64{sibling}, []string{"1: added @3", "1: added @5", "1: ready @5"}},
		{"another", []int64{sibling}, []int64{child}, []string{"1: reset ACCESS_CHANGED @5", "1: ready @5"}},
		{"the cursor does not say", nil, []int64{child, sibling}, []string{"1: added @2", "1: added @3", "1: added @4", "1: added @5", "1: ready @5"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				w.record(child, child, sibling, child, sibling)
				w.sessions.set(secondParent(row.now...))
				c := w.signIn("second")
				after := w.codec.Feed(family, domain.Position{Epoch: 1, Seq: 1}, row.saw...)
				resume := func(after string) {
					t.Helper()
					if err := c.ask("1", newPayments, map[string]any{"assure": assureID(parent), "after": after}); err != nil {
						t.Fatal(err)
					}
				}
				resume(after)
				c.hears(row.want...)
				c.send(`{"type":"complete","id":"1"}`)
				synctest.Wait()
				resume(c.last) // the cursor that was told now holds the set: once is enough
				c.hears("1: ready @5")
			})
		})
	}
}

// Who follows some people only is told of them alone; its cursor says so, so that
// one who then follows all is told to load what was passed over.
func TestFeedOfSomePeople(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		w.record(child, self)
		after := w.codec.Feed(family, domain.Position{Epoch: 1}, self, child)
		c.askFor("1", after, child)
		c.hears("1: added @1", "1: ready @2")
		w.pay(self, child, self)
		c.hears("1: added @4")
		c.hearsNothing()
		c.askFor("2", c.last, child) // nothing was missed
		c.hears("2: ready @5")
		c.subscribe("3", c.last)
		c.hears("3: reset ACCESS_CHANGED @5", "3: ready @5")

		w.sessions.set(assureActor("parent", parent, self)) // the child is sixteen
		began := time.Now()
		c.hearsBoth("1: error NOT_FOUND", "2: error NOT_FOUND")
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("after %v", took)
		}
		w.pay(self)
		c.hears("3: added @6")
	})
}

// One of those who are followed comes into sight: what was passed over before is
// to be loaded, and a rendering is never shared with a cursor that claims more.
func TestFeedOfSomeoneWhoComesIntoSight(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.sessions.set(assureActor("parent", parent, self))
		c := w.signIn("parent")
		c.askFor("1", w.cursorAt(1, 0), self, child)
		c.hears("1: ready @0")
		w.pay(child)
		c.hearsNothing()
		w.sessions.set(assureActor("parent", parent, self, child))
		c.hears("1: reset ACCESS_CHANGED @1")
		w.pay(child)
		c.hears("1: added @2")
	})
}

// A client that sends without a pause for longer than one message may take stays.
func TestSocketThatNeverPausesStays(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		ping := control(0x81, `{"type":"ping"}`)
		for range 3 * int(messagePatience/time.Second) { // the end of one message comes with the beginning of the next
			half := append(append([]byte(nil), ping[5:]...), ping[:5]...)
			if _, err := c.ws.NetConn().Write(map[bool][]byte{true: ping[:5], false: half}[c.last == ""]); err != nil {
				t.Fatal(err)
			}
			if c.last != "" {
				c.hears("pong")
			}
			c.last = "begun"
			time.Sleep(time.Second)
		}
	})
}

// An event may carry the payment's id alone, and nothing of what changed.
func TestFeedOfIDs(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		c.send(`{"type":"subscribe","id":"1","payload":{"query":"subscription { newPayments(payload: ID_ONLY) { __typename ... on PaymentAdded { paymentId payment { reference } } ... on PaymentCorrected { paymentId payment { reference } changes { field before after } } } }"}}`)
		ready := <-c.heard
		w.pay(self)
		amount := "12"
		w.ring(w.feeds.add(family, domain.Event{Kind: domain.EventCorrected, Fact: paying(self, domain.PaymentChange{Field: "amount", After: &amount})}))
		added, corrected := <-c.heard, <-c.heard
		id := func(seq int64) string { return domain.ID{Kind: domain.KindPayment, Assure: parent, Key: seq}.String() }
		for got, want := range map[string]string{
			string(ready.Payload):     `{"data":{"newPayments":{"__typename":"FeedReady"}}}`,
			string(added.Payload):     `{"data":{"newPayments":{"__typename":"PaymentAdded","paymentId":"` + id(1) + `","payment":null}}}`,
			string(corrected.Payload): `{"data":{"newPayments":{"__typename":"PaymentCorrected","paymentId":"` + id(2) + `","payment":null,"changes":[]}}}`,
		} {
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
}

// askFor follows some people of the family only.
func (c *client) askFor(id, after string, beneficiaries ...int64) {
	c.t.Helper()
	var ids []string
	for _, b := range beneficiaries {
		ids = append(ids, domain.ID{Kind: domain.KindBeneficiary, Assure: parent, Key: b}.String())
	}
	query := strings.NewReplacer("$assure: ID", "$beneficiaries: [ID!]", "assure: $assure", "beneficiaries: $beneficiaries").Replace(newPayments)
	if err := c.ask(id, query, map[string]any{"after": after, "beneficiaries": ids}); err != nil {
		c.t.Fatal(err)
	}
}

// Where the other parent's account has changed is told to themself alone: a
// correction of nothing else is no event for who sees the child by a mandate.
func TestFeedOfAnAccount(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.sessions.set(secondParent(child))
		query := `subscription($assure: ID) { newPayments(assure: $assure) { ... on PaymentCorrected { changes { field } } ... on FeedReady { cursor } } }`
		follow := func(session string) *client {
			c := w.signIn(session)
			if err := c.ask("1", query, map[string]any{"assure": assureID(parent)}); err != nil {
				t.Fatal(err)
			}
			<-c.heard // FeedReady
			return c
		}
		own, second := follow("parent"), follow("second")
		correct := func(fields ...string) {
			fact := paying(child)
			for _, f := range fields {
				fact.Changes = append(fact.Changes, domain.PaymentChange{Field: f})
			}
			w.ring(w.feeds.add(family, domain.Event{Kind: domain.EventCorrected, Fact: fact}))
		}
		correct("movement.account")
		correct("amount", "movement.account")
		for _, want := range []string{`[{"field":"movement.account"}]`, `[{"field":"amount"},{"field":"movement.account"}]`} {
			if got := string((<-own.heard).Payload); got != `{"data":{"newPayments":{"changes":`+want+`}}}` {
				t.Errorf("the assuré is told %s", got)
			}
		}
		if got := string((<-second.heard).Payload); got != `{"data":{"newPayments":{"changes":[{"field":"amount"}]}}}` {
			t.Errorf("the second parent is told %s", got)
		}
		second.hearsNothing()
	})
}

// What was committed after a read began waits for its own chime: who follows was
// asked for before it. Fails where all that was read is offered.
func TestWhatIsRungFor(t *testing.T) {
	var events []domain.Event
	for seq := range int64(3) {
		events = append(events, domain.Event{Position: domain.Position{Seq: seq + 3}})
	}
	fault := errors.New("the next one does not open")
	for _, row := range []struct {
		why   string
		heard int64
		want  domain.FeedRead
	}{
		{"all, and what follows them", 5, domain.FeedRead{Events: events, Fault: fault}},
		{"a chime that ran ahead", 9, domain.FeedRead{Events: events, Fault: fault}},
		{"some, and what follows is not looked at yet", 4, domain.FeedRead{Events: events[:2]}},
		{"none", 2, domain.FeedRead{Events: events[:0]}},
	} {
		r := reading{heard: row.heard}
		got := r.rungFor(domain.FeedRead{Events: events, Fault: fault})
		if diff := cmp.Diff(row.want, got, cmpopts.EquateErrors()); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}
