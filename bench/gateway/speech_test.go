package main

import "testing"

func TestNextEvent(t *testing.T) {
	text := []byte(`{"x":{"cursor":"c1","payment":{"reference":"` + reference(12, 3) + `"}}}` + "\n" +
		`{"x":{"cursor":"c2","payment":{"reference":"` + reference(123456789, 1234567) + `"}}}`)
	number, nth, rest, ok := nextEvent(text)
	if !ok || number != 12 || nth != 3 {
		t.Errorf("the first is read as %d, %d, %t", number, nth, ok)
	}
	number, nth, rest, ok = nextEvent(rest)
	if !ok || number != 123456789 || nth != 1234567 {
		t.Errorf("the second, longer than its width, is read as %d, %d, %t", number, nth, ok)
	}
	if _, _, _, ok := nextEvent(rest); ok {
		t.Error("there is a third")
	}
	for why, bad := range map[string]string{
		"no number":      `"reference":"Bx-1"`,
		"no dash":        `"reference":"B12"`,
		"cut off":        `"reference":"B12-1`,
		"another's form": `"reference":"P12-1"`,
	} {
		if _, _, _, ok := nextEvent([]byte(bad)); ok {
			t.Errorf("%s: taken", why)
		}
	}
	if c := lastCursor(text); string(c) != "c2" {
		t.Errorf("the last cursor is %q", c)
	}
}

// TestHear: what each message of a server makes the client do.
func TestHear(t *testing.T) {
	s := &socket{member: &member{token: "7"}, cursor: []byte("c")}
	for _, row := range []struct {
		why        string
		speaks     speech
		text       string
		answer     string
		subscribed bool
		bad        bool
	}{
		{"signed in: subscribe from the cursor", graphqlWS{}, `{"type":"connection_ack"}`, string(subscribeHead) + `"after":"c"}}}`, false, false},
		{"the stream is live", graphqlWS{}, `{"id":"1","type":"next","payload":{"data":{"newPayments":{"__typename":"FeedReady","cursor":"d"}}}}`, "", true, false},
		{"a ping wants a pong", graphqlWS{}, `{"type":"ping"}`, `{"type":"pong"}`, false, false},
		{"what was missed cannot be given", graphqlWS{}, `{"id":"1","type":"next","payload":{"data":{"newPayments":{"__typename":"FeedReset"}}}}`, "", false, true},
		{"refused", graphqlWS{}, `{"id":"1","type":"error","payload":[]}`, "", false, true},
		{"nothing after complete", graphqlWS{}, `{"id":"1","type":"complete"}`, "", false, true},
		{"signed in: subscribe to the own channel", centrifugeJSON{}, `{"id":1,"connect":{"client":"x"}}`, `{"id":2,"subscribe":{"channel":"7"}}`, false, false},
		{"a ping beside a reply", centrifugeJSON{}, "{}\n" + `{"id":2,"subscribe":{}}`, "{}", true, false},
		{"a ping beside an event", centrifugeJSON{}, `{"push":{"pub":{"data":{"reference":"B1-1"}}}}` + "\n{}", "{}", false, false},
		{"refused", centrifugeJSON{}, `{"id":2,"error":{"code":103}}`, "", false, true},
	} {
		answer, subscribed, err := row.speaks.hear(s, []byte(row.text))
		if string(answer) != row.answer || subscribed != row.subscribed || (err != nil) != row.bad {
			t.Errorf("%s: %s %t %v", row.why, answer, subscribed, err)
		}
	}
}
