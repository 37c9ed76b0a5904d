package subscriptions

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// malformed are messages that no client of the protocol sends.
var malformed = []struct{ why, text string }{
	{"nothing", ``},
	{"no JSON", `hello`},
	{"cut", `{"type":"ping"`},
	{"two messages in one", `{"type":"ping"}{"type":"ping"}`},
	{"a list", `[{"type":"ping"}]`},
	{"an id that is too long", `{"type":"complete","id":"` + strings.Repeat("x", longestID+1) + `"}`},
	{"a text", `"ping"`},
	{"a number", `1`},
	{"null", `null`},
	{"no type", `{"id":"1"}`},
	{"null for a type", `{"type":null}`},
	{"a type that is no text", `{"type":1}`},
	{"an unknown type", `{"type":"start","id":"1","payload":{"query":"{x}"}}`},
	{"a type of another case", `{"type":"PING"}`},
	{"a server's type: connection_ack", `{"type":"connection_ack"}`},
	{"a server's type: next", `{"type":"next","id":"1","payload":{}}`},
	{"a server's type: error", `{"type":"error","id":"1","payload":[]}`},
	{"subscribe without an id", `{"type":"subscribe","payload":{"query":"{x}"}}`},
	{"subscribe with an empty id", `{"type":"subscribe","id":"","payload":{"query":"{x}"}}`},
	{"subscribe with null for an id", `{"type":"subscribe","id":null,"payload":{"query":"{x}"}}`},
	{"subscribe with a number for an id", `{"type":"subscribe","id":1,"payload":{"query":"{x}"}}`},
	{"subscribe without a payload", `{"type":"subscribe","id":"1"}`},
	{"subscribe with null for a payload", `{"type":"subscribe","id":"1","payload":null}`},
	{"subscribe with a text for a payload", `{"type":"subscribe","id":"1","payload":"{x}"}`},
	{"subscribe with an object for an id", `{"type":"subscribe","id":{},"payload":{"query":"{x}"}}`},
	{"subscribe with a list for a payload", `{"type":"subscribe","id":"1","payload":[{"query":"{x}"}]}`},
	{"subscribe with a number for a payload", `{"type":"subscribe","id":"1","payload":1}`},
	{"members of another case", `{"Type":"ping"}`},
	{"an id of another case", `{"type":"complete","ID":"1"}`},
	{"a message of the older protocol: stop", `{"type":"stop","id":"1"}`},
	{"a message of the older protocol: connection_terminate", `{"type":"connection_terminate"}`},
	{"complete with a number for an id", `{"type":"complete","id":1}`},
	{"complete with null for an id", `{"type":"complete","id":null}`},
	{"complete without an id", `{"type":"complete"}`},
	{"complete with an empty id", `{"type":"complete","id":""}`},
	{"ping with a list for a payload", `{"type":"ping","payload":[]}`},
	{"pong with a text for a payload", `{"type":"pong","payload":"x"}`},
	{"ping with a number for a payload", `{"type":"ping","payload":1}`},
	{"pong with true for a payload", `{"type":"pong","payload":true}`},
	{"connection_init with a number for a payload", `{"type":"connection_init","payload":1}`},
	{"connection_init with a list for a payload", `{"type":"connection_init","payload":[]}`},
	{"connection_init with a text for a payload", `{"type":"connection_init","payload":"Bearer x"}`},
}

func TestParseMessage(t *testing.T) {
	for _, row := range malformed {
		if m, err := transportWS.parse([]byte(row.text)); err == nil {
			t.Errorf("%s: %s was read as %v", row.why, row.text, m)
		}
	}
	for _, row := range []struct {
		why, text string
		want      message
	}{
		{"the least", `{"type":"connection_init"}`, message{Type: typeInit}},
		{"null for a payload that may be absent", `{"type":"connection_init","payload":null}`, message{Type: typeInit, Payload: []byte(`null`)}},
		{"an empty payload", `{"type":"ping","payload":{}}`, message{Type: typePing, Payload: []byte(`{}`)}},
		{"members that are not known", `{"type":"pong","extra":[1]}`, message{Type: typePong}},
		{"space around everything", " {\n\"id\" : \"1\" , \"type\" : \"subscribe\" , \"payload\" : \t{ } } ", message{"1", typeSubscribe, []byte(`{ }`)}},
		{"escapes in an id", `{"type":"complete","id":"\u00e9\""}`, message{ID: `é"`, Type: typeComplete}},
	} {
		got, err := transportWS.parse([]byte(row.text))
		if diff := cmp.Diff(row.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", row.why, err, diff)
		}
	}
}

// malformedRequests are payloads of subscribe that no client of the protocol sends.
var malformedRequests = []struct{ why, text string }{
	{"no query", `{}`},
	{"null for a query", `{"query":null}`},
	{"a number for a query", `{"query":1}`},
	{"a document that was parsed", `{"query":{"kind":"Document"}}`},
	{"a query of another case", `{"Query":"{x}"}`},
	{"a number for an operationName", `{"query":"{x}","operationName":1}`},
	{"an object for an operationName", `{"query":"{x}","operationName":{}}`},
	{"a list for variables", `{"query":"{x}","variables":[]}`},
	{"a text for variables", `{"query":"{x}","variables":"{}"}`},
	{"a list for extensions", `{"query":"{x}","extensions":[]}`},
	{"a number for extensions", `{"query":"{x}","extensions":1}`},
	{"true for extensions", `{"query":"{x}","extensions":true}`},
}

func TestParseParams(t *testing.T) {
	for _, row := range malformedRequests {
		if p, err := parseParams([]byte(row.text)); err == nil {
			t.Errorf("%s: %s was read as %v", row.why, row.text, p)
		}
	}
	for _, row := range []struct {
		why, text string
		want      graphql.RawParams
	}{
		{"the least", `{"query":"{x}"}`, graphql.RawParams{Query: "{x}"}},
		{"an empty query, which is a fault of GraphQL's", `{"query":""}`, graphql.RawParams{}},
		{"null for all that may be absent", `{"query":"{x}","operationName":null,"variables":null,"extensions":null}`, graphql.RawParams{Query: "{x}"}},
		{"all", `{"query":"query a{x}","operationName":"a","variables":{"n":12345678901234567890},"extensions":{"e":[]}}`,
			graphql.RawParams{Query: "query a{x}", OperationName: "a", Variables: map[string]any{"n": json.Number("12345678901234567890")}, Extensions: map[string]any{"e": []any{}}}},
	} {
		got, err := parseParams([]byte(row.text))
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
		} else if diff := cmp.Diff(row.want, *got); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

func TestFrame(t *testing.T) {
	for _, row := range []struct{ why, kind, id, payload, want string }{
		{"neither id nor payload", typeAck, "", "", `{"type":"connection_ack"}`},
		{"an id alone", typeComplete, "1", "", `{"type":"complete","id":"1"}`},
		{"both", typeNext, "1", `{"data":{}}`, `{"type":"next","id":"1","payload":{"data":{}}}`},
		{"an id that would leave its quotes", typeNext, `","type":"x`, `{}`, `{"type":"next","id":"\",\"type\":\"x","payload":{}}`},
		{"an id with a line end and a NUL", typeComplete, "a\n\x00", "", `{"type":"complete","id":"a\n\u0000"}`},
	} {
		var payload []byte
		if row.payload != "" {
			payload = []byte(row.payload)
		}
		if got := string(frame(row.kind, row.id, payload)); got != row.want {
			t.Errorf("%s: got %s, want %s", row.why, got, row.want)
		}
	}
	cyclic := map[string]any{}
	cyclic["self"] = cyclic
	if got := transportWS.errorFrame("1", errorList(gqlerror.List{{Extensions: cyclic}})); !json.Valid(got) || !bytes.Contains(got, []byte("INTERNAL")) {
		t.Errorf("an error that cannot be written: %s", got)
	}
}

// A close frame holds at most 125 bytes, two of them the code, and only UTF-8
// (RFC 6455, 5.5.1): browsers take another for a fault of the connection.
func TestCloseReasons(t *testing.T) {
	all := []Close{closeLeaving, closeLeavingFor(reconnectWithin), closeNotUTF8, closeTooSlow, closeTooMany, closeMalformed, closeNoAck, closeNoToken,
		closeSessionDead, closeUnavailable, closeProtocol, closeInitTimeout, closeSecondInit}
	for _, id := range []string{"1", strings.Repeat("x", 200), "x" + strings.Repeat("é", 200), strings.Repeat("🙂", 100) + "x"} {
		all = append(all, closeDuplicate(id))
	}
	for _, c := range all {
		if len(c.Reason) == 0 || len(c.Reason) > 123 || !utf8.ValidString(c.Reason) {
			t.Errorf("%d: %q has %d bytes, UTF-8 %v", c.Code, c.Reason, len(c.Reason), utf8.ValidString(c.Reason))
		}
	}
}

// What is accepted is a message that can be written again and read as the same.
func FuzzParseMessage(f *testing.F) {
	for _, row := range malformed {
		f.Add([]byte(row.text))
	}
	f.Add([]byte(`{"type":"subscribe","id":"1","payload":{"query":"subscription{newPayments{__typename}}"}}`))
	f.Add([]byte(`{"type":"connection_init","payload":{"authorization":"Bearer x"}}`))
	f.Add([]byte(`{"type":"complete","id":"\ud800\u2028<"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := transportWS.parse(data)
		if err != nil {
			return
		}
		again, err := transportWS.parse(frame(m.Type, m.ID, m.Payload))
		if diff := cmp.Diff(m, again); err != nil || diff != "" {
			t.Fatalf("%q: %v\n%s", data, err, diff)
		}
	})
}
