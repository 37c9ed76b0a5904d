package cursor_test

import (
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
	if got, err := codec.ParseFeed(key, text); err != nil || got != at {
		t.Fatalf("got %v, %v", got, err)
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
		if got, err := row.codec.ParseFeed(row.key, row.text); err == nil {
			t.Errorf("%s: read as %v", row.why, got)
		}
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
	f.Add(codec.Payment(7, domain.ByPaidOn, domain.PaymentPlace{Key: 42}))
	f.Fuzz(func(t *testing.T, s string) {
		at, err := codec.ParseFeed(key, s)
		if err == nil && codec.Feed(key, at) != s {
			t.Fatalf("%q was read as %v", s, at)
		}
	})
}
