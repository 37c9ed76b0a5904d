package domain_test

import (
	"bytes"
	"encoding/base64"
	"math"
	"regexp"
	"testing"

	"comptesante/domain"
)

func TestID(t *testing.T) {
	urlSafe := regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	for _, row := range []struct {
		why string
		id  domain.ID
	}{
		{"a payment of somebody", domain.ID{Kind: domain.KindPayment, Assure: 7, Key: 42}},
		{"a mutuelle belongs to nobody", domain.ID{Kind: domain.KindMutuelle, Key: 3}},
		{"the largest numbers", domain.ID{Kind: domain.KindPayment, Assure: math.MaxInt64, Key: math.MaxInt64}},
		{"an assuré is its own file", domain.ID{Kind: domain.KindAssure, Assure: 9, Key: 9}},
	} {
		s := row.id.String()
		if got, ok := domain.ParseID(s); !ok || got != row.id {
			t.Errorf("%s: %s became %+v, %v", row.why, s, got, ok)
		}
		if !urlSafe.MatchString(s) {
			t.Errorf("%s: %s is not safe in a URL", row.why, s)
		}
	}
}

func TestParseIDRefuses(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	for why, s := range map[string]string{
		"nothing":                        "",
		"no base64":                      "Payment:1:2",
		"an unknown kind":                b64([]byte("Secret:1:2")),
		"no kind, as the zero ID":        domain.ID{}.String(),
		"a kind in another case":         b64([]byte("payment:1:2")),
		"a number missing":               b64([]byte("Payment:1")),
		"a number too many":              b64([]byte("Payment:1:2:3")),
		"a sign":                         b64([]byte("Payment:+1:2")),
		"a leading zero":                 b64([]byte("Payment:01:2")),
		"beyond 64 bits":                 b64([]byte("Payment:1:9223372036854775808")),
		"a negative assuré":              b64([]byte("Payment:-1:2")),
		"keys begin at 1":                b64([]byte("Payment:1:0")),
		"a payment of nobody":            b64([]byte("Payment:0:2")),
		"a mutuelle of somebody":         b64([]byte("Mutuelle:1:2")),
		"an assuré of another's file":    b64([]byte("Assure:1:2")),
		"a blank":                        b64([]byte("Payment:1: 2")),
		"Arabic-Indic digits":            b64([]byte("Payment:1:٢")),
		"padding":                        base64.URLEncoding.EncodeToString([]byte("Payment:1:2")) + "=",
		"a line break within":            b64([]byte("Payment:1:2"))[:4] + "\n" + b64([]byte("Payment:1:2"))[4:],
		"the last bits of another value": "UGF5bWVudDoxOjJ",
		"a byte that is not UTF-8":       b64([]byte("Payment\xff:1:2")),
	} {
		if id, ok := domain.ParseID(s); ok || id != (domain.ID{}) {
			t.Errorf("%s: %q became %+v, %v", why, s, id, ok)
		}
	}
}

// TestIDGQL: what the API never gave names nothing, and is no fault of form;
// only what is no text is.
func TestIDGQL(t *testing.T) {
	want := domain.ID{Kind: domain.KindPayment, Assure: 7, Key: 42}
	var out bytes.Buffer
	want.MarshalGQL(&out)
	if out.String() != `"`+want.String()+`"` {
		t.Errorf("got %s", &out)
	}
	for _, row := range []struct {
		why  string
		in   any
		want domain.ID
		ok   bool
	}{
		{"an id", want.String(), want, true},
		{"an id of nobody's", "abc", domain.ID{}, true},
		{"a number", 7, domain.ID{}, false},
		{"null", nil, domain.ID{}, false},
	} {
		var id domain.ID
		if err := id.UnmarshalGQL(row.in); (err == nil) != row.ok || id != row.want {
			t.Errorf("%s: got %+v, %v", row.why, id, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(domain.ID{Kind: domain.KindPayment, Assure: 7, Key: 42}.String())
	f.Add("OjA6MA")
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := domain.ParseID(s)
		if ok && id.String() != s {
			t.Fatalf("%q is another form of %q", s, id)
		}
		if !ok && id != (domain.ID{}) {
			t.Fatalf("%q is refused and names %+v", s, id)
		}
	})
}
