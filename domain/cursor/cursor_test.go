package cursor_test

import (
	"slices"
	"strings"
	"testing"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/cursor"
)

var codec = cursor.New([32]byte{1})

func TestFeed(t *testing.T) {
	key := domain.FeedKey{Assure: 7, Feed: domain.FeedPayments}
	at := domain.Position{Epoch: 3, Seq: 1 << 40}
	text := codec.Feed(key, at)
	if got, seen, err := codec.ParseFeed(key, text); err != nil || got != at || seen != nil {
		t.Fatalf("got %v, %v, %v", got, seen, err)
	}
	if text != codec.Feed(key, at) {
		t.Error("one place has two texts")
	}
	for _, row := range []struct {
		why   string
		codec *cursor.Codec
		key   domain.FeedKey
		text  string
	}{
		{"another assuré's", codec, domain.FeedKey{Assure: 8, Feed: domain.FeedPayments}, text},
		{"another feed's", codec, domain.FeedKey{Assure: 7, Feed: "account"}, text},
		{"another installation's", cursor.New([32]byte{2}), key, text},
		{"one character changed", codec, key, flip(text, 5)},
		{"its nonce changed", codec, key, flip(text, 1)},
		{"its end changed", codec, key, flip(text, len(text)-3)},
		{"cut", codec, key, text[:len(text)-4]},
		{"nothing", codec, key, ""},
		{"no base64", codec, key, "!" + text},
		{"a place in a list", codec, key, codec.Payment(7, domain.ByPaidOn, domain.PaymentPlace{Key: 1})},
	} {
		if got, _, err := row.codec.ParseFeed(row.key, row.text); err == nil {
			t.Errorf("%s: read as %v", row.why, got)
		}
	}
}

// TestFeedSeen: whom the holder saw comes back in order, whatever order it was
// given in, and makes a place of its own.
func TestFeedSeen(t *testing.T) {
	key, at := domain.FeedKey{Assure: 7, Feed: domain.FeedPayments}, domain.Position{Epoch: 3, Seq: 42}
	texts := map[string]bool{codec.Feed(key, at): true}
	for _, seen := range [][]int64{{1}, {71, 72, 9_000_000_000}, {72, 71}, {71}} {
		given := slices.Clone(seen)
		text := codec.Feed(key, at, seen...)
		if !slices.Equal(given, seen) {
			t.Error("what was given was sorted in place")
		}
		slices.Sort(given)
		if place, got, err := codec.ParseFeed(key, text); err != nil || place != at || !slices.Equal(got, given) {
			t.Errorf("%v: %v %v %v", seen, place, got, err)
		}
		if texts[text] {
			t.Errorf("%v: another's text", seen)
		}
		texts[text] = true
	}
	if codec.Feed(key, at, 72, 71) != codec.Feed(key, at, 71, 72) {
		t.Error("one place has two texts")
	}
}

func flip(s string, i int) string {
	c := "A"
	if s[i] == 'A' {
		c = "B"
	}
	return s[:i] + c + s[i+1:]
}

func TestPayment(t *testing.T) {
	for why, paidOn := range map[string]civil.Date{
		"29 February":           {Year: 2024, Month: 2, Day: 29},
		"before 1970":           {Year: 1969, Month: 12, Day: 31},
		"the first day of 1970": {Year: 1970, Month: 1, Day: 1},
		"the night clocks move": {Year: 2026, Month: 3, Day: 29},
	} {
		at := domain.PaymentPlace{Day: paidOn, Key: 42}
		text := codec.Payment(7, domain.ByPaidOn, at)
		if got, err := codec.ParsePayment(7, domain.ByPaidOn, text); err != nil || got != at {
			t.Errorf("%s: got %v, %v", why, got, err)
		}
		if strings.Contains(text, "42") && strings.Contains(text, "2024") {
			t.Errorf("%s: %s can be read", why, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(codec.Payment(7, domain.ByPaidOn, domain.PaymentPlace{Key: 42}))
	f.Fuzz(func(t *testing.T, s string) {
		at, err := codec.ParsePayment(7, domain.ByPaidOn, s)
		if err == nil && codec.Payment(7, domain.ByPaidOn, at) != s {
			t.Fatalf("%q was read as %v", s, at)
		}
	})
}

func FuzzParseFeed(f *testing.F) {
	key := domain.FeedKey{Assure: 7, Feed: domain.FeedPayments}
	f.Add(codec.Feed(key, domain.Position{Epoch: 3, Seq: 42}))
	f.Add(codec.Feed(key, domain.Position{Epoch: 3, Seq: 42}, 7, 8))
	f.Add(codec.Payment(7, domain.ByPaidOn, domain.PaymentPlace{Key: 42}))
	f.Fuzz(func(t *testing.T, s string) {
		at, seen, err := codec.ParseFeed(key, s)
		if err == nil && codec.Feed(key, at, seen...) != s {
			t.Fatalf("%q was read as %v", s, at)
		}
	})
}
