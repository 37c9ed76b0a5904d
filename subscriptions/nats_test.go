package subscriptions

import (
	"log/slog"
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
	b, err := NewNATSBell("", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// hears waits for chimes, in whatever batches they come.
func hears(t *testing.T, b Bell, want ...domain.Chime) {
	t.Helper()
	var got []domain.Chime
	for len(got) < len(want) {
		select {
		case chimes := <-b.Chimes():
			got = append(got, chimes...)
		case <-time.After(patience):
			t.Fatalf("heard %v, want %v", got, want)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

func rings(t *testing.T, b Bell, chimes ...domain.Chime) {
	t.Helper()
	if err := b.Ring(chimes); err != nil {
		t.Fatal(err)
	}
}

// Both bells carry all chimes, however many are rung at once.
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
			one, two := domain.Chime{FeedKey: family, Seq: 1}, domain.Chime{FeedKey: domain.FeedKey{Assure: 1 << 62, Feed: "account"}, Seq: 1 << 62}
			rings(t, b, one, two)
			rings(t, b)
			rings(t, b, one)
			hears(t, b, one, two, one)
			many := make([]domain.Chime, 2*chimesMessage+1)
			for i := range many {
				many[i] = domain.Chime{FeedKey: family, Seq: int64(i)}
			}
			rings(t, b, many...)
			hears(t, b, many...)
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
			for range 1030 {
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
		rings(t, b, domain.Chime{FeedKey: family, Seq: 1})
	})
	goleak.VerifyNone(t, before)
}

// A closed bell fails; the hub goes on with its poll.
func TestNATSBellThatIsClosed(t *testing.T) {
	b, err := NewNATSBell("", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	if err := b.Ring([]domain.Chime{{FeedKey: family, Seq: 1}}); err == nil {
		t.Error("it rings")
	}
	w := newWorld(t)
	w.bell, w.hub.Poll = b, time.Millisecond
	w.listen()
	c := w.follow("")
	c.hears("1: ready @0")
	w.record(self)
	c.hears("1: added @1")
}

// What is told to NATS holds a feed's name and numbers; what is no chime, of
// whatever other release it is, costs no other.
func TestParseChimes(t *testing.T) {
	chime := domain.Chime{FeedKey: family, Seq: 12}
	for _, row := range []struct {
		why, data string
		want      []domain.Chime
	}{
		{"a chime", "payments 7 12\n", []domain.Chime{chime}},
		{"two", "payments 7 12\npayments 7 12\n", []domain.Chime{chime, chime}},
		{"the largest numbers", "payments 9223372036854775807 9223372036854775807\n",
			[]domain.Chime{{FeedKey: domain.FeedKey{Assure: 1<<63 - 1, Feed: domain.FeedPayments}, Seq: 1<<63 - 1}}},
		{"beyond them", "payments 9223372036854775808 1\n", nil},
		{"nobody's", "reference 0 5\n", []domain.Chime{{FeedKey: domain.ReferenceKey, Seq: 5}}},
		{"no sequence", "payments 7 \n", nil},
		{"a sequence that is no number", "payments 7 x\n", nil},
		{"no assuré", "payments 12\n", nil},
		{"no feed", " 7 12\n", nil},
		{"a part too many", "payments 7 12 8\n", nil},
		{"one that is none between two", "payments 7 12\nx\npayments 7 12\n", []domain.Chime{chime, chime}},
		{"nothing", "", nil},
	} {
		got := parseChimes([]byte(row.data))
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
		if text := string(formatChimes(got)); row.want != nil && !strings.Contains(row.data, "x") && text != row.data {
			t.Errorf("%s: written as %q", row.why, text)
		}
	}
}
