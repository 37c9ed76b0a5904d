package subscriptions

import (
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"comptesante/domain"
)

// aBell is a bell with a NATS of its own inside the process.
func aBell(t *testing.T) *NATSBell {
	t.Helper()
	b, err := NewNATSBell("", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// hears waits for chimes.
func hears(t *testing.T, b Bell, want ...domain.Chime) {
	t.Helper()
	var got []domain.Chime
	for range want {
		select {
		case c := <-b.Chimes():
			got = append(got, c)
		case <-time.After(patience):
			t.Fatalf("heard %v, want %v", got, want)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

func listens(t *testing.T, b Bell, key domain.FeedKey) (stop func()) {
	t.Helper()
	stop, err := b.Listen(key)
	if err != nil {
		t.Fatal(err)
	}
	return stop
}

func rings(t *testing.T, b Bell, chimes ...domain.Chime) {
	t.Helper()
	if err := b.Ring(chimes); err != nil {
		t.Fatal(err)
	}
}

// Both bells carry the chimes of the feeds that are listened for, and no other.
func TestBells(t *testing.T) {
	for _, row := range []struct {
		why  string
		bell func(t *testing.T) Bell
	}{
		{"in memory", func(*testing.T) Bell { return NewMemoryBell() }},
		{"NATS", func(t *testing.T) Bell { return aBell(t) }},
	} {
		t.Run(row.why, func(t *testing.T) {
			b := row.bell(t)
			last := domain.FeedKey{Assure: 99, Feed: "last"}
			listens(t, b, last)
			stop := listens(t, b, family)
			one, two := domain.Chime{FeedKey: family, Seq: 1}, domain.Chime{FeedKey: family, Seq: 1 << 62}
			end := domain.Chime{FeedKey: last, Seq: 1}
			strangers := []domain.Chime{
				{FeedKey: domain.FeedKey{Assure: other, Feed: domain.FeedPayments}, Seq: 1},
				{FeedKey: domain.FeedKey{Assure: parent, Feed: "account"}, Seq: 1},
			}
			rings(t, b, append(strangers, one, two, end)...)
			hears(t, b, one, two, end)
			stop()
			rings(t, b, one, end)
			hears(t, b, end)
			stop = listens(t, b, family)
			rings(t, b, two)
			hears(t, b, two)
			stop()
			rings(t, b)
		})
	}
}

// A bell that nobody takes chimes from loses them; it holds nobody up.
func TestBellsHoldNobodyUp(t *testing.T) {
	for _, row := range []struct {
		why  string
		bell func(t *testing.T) Bell
	}{
		{"in memory", func(*testing.T) Bell { return NewMemoryBell() }},
		{"NATS", func(t *testing.T) Bell { return aBell(t) }},
	} {
		t.Run(row.why, func(t *testing.T) {
			b := row.bell(t)
			listens(t, b, family)
			for range 30 {
				chimes := make([]domain.Chime, 1000)
				for i := range chimes {
					chimes[i] = domain.Chime{FeedKey: family, Seq: 1}
				}
				rings(t, b, chimes...)
			}
		})
	}
}

func TestNATSBellLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("bell", func(t *testing.T) {
		b := aBell(t)
		listens(t, b, family)
		rings(t, b, domain.Chime{FeedKey: family, Seq: 1})
	})
	goleak.VerifyNone(t, before)
}

// A closed bell fails; the hub goes on with its poll.
func TestNATSBellThatIsClosed(t *testing.T) {
	b, err := NewNATSBell("", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	stop := listens(t, b, family)
	b.Close()
	stop()
	if err := b.Ring([]domain.Chime{{FeedKey: family, Seq: 1}}); err == nil {
		t.Error("it rings")
	}
	if _, err := b.Listen(family); err == nil {
		t.Error("it listens")
	}
	w := newWorld(t)
	w.bell, w.hub.Poll = b, time.Millisecond
	w.listen()
	c := w.follow("")
	c.hears("1: ready @0")
	w.record(self)
	c.hears("1: added @1")
}

// What is told to NATS holds a key, a feed's name and a number.
func TestParseChime(t *testing.T) {
	for _, row := range []struct {
		why, subject, data string
		want               domain.Chime
		ok                 bool
	}{
		{"a chime", "comptesante.bell.payments.7", "12", domain.Chime{FeedKey: family, Seq: 12}, true},
		{"the largest numbers", "comptesante.bell.payments.9223372036854775807", "9223372036854775807",
			domain.Chime{FeedKey: domain.FeedKey{Assure: 1<<63 - 1, Feed: domain.FeedPayments}, Seq: 1<<63 - 1}, true},
		{"beyond them", "comptesante.bell.payments.9223372036854775808", "1", domain.Chime{}, false},
		{"no sequence", "comptesante.bell.payments.7", "", domain.Chime{}, false},
		{"a sequence that is no number", "comptesante.bell.payments.7", "x", domain.Chime{}, false},
		{"a sequence and more", "comptesante.bell.payments.7", "12 ", domain.Chime{}, false},
		{"no assuré", "comptesante.bell.payments", "12", domain.Chime{}, false},
		{"an assuré that is no number", "comptesante.bell.payments.x", "12", domain.Chime{}, false},
		{"a part too many", "comptesante.bell.payments.7.8", "12", domain.Chime{}, false},
		{"nothing", "", "", domain.Chime{}, false},
	} {
		got, ok := parseChime(row.subject, []byte(row.data))
		if ok != row.ok || ok && got != row.want {
			t.Errorf("%s: got %v, %v", row.why, got, ok)
		}
		if ok && (subject(got.FeedKey) != row.subject || strconv.FormatInt(got.Seq, 10) != row.data) {
			t.Errorf("%s: written as %s", row.why, subject(got.FeedKey))
		}
	}
	if s := subject(family); strings.ContainsAny(s, "*> ") {
		t.Errorf("%q is a pattern", s)
	}
}
