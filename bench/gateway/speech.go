package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// speech is what is said over a socket once it is open. It is an interface
// because there are two: graphql-transport-ws, and centrifuge's JSON.
type speech interface {
	// subprotocol is asked for in the upgrade; empty for none.
	subprotocol() string
	// greet is the first message, with the token.
	greet(m *member) []byte
	// hear takes a message that holds no event: what to answer, if anything, and
	// whether the socket is now subscribed. An error ends the socket.
	hear(s *socket, text []byte) (answer []byte, subscribed bool, err error)
}

// document is what all that speak GraphQL are asked.
const document = `subscription Live($after: Cursor) { newPayments(after: $after) { __typename
  ... on PaymentAdded { cursor occurredAt payment { id reference paidOn amount recipient beneficiary { givenName } lines { label spent paid } } }
  ... on FeedReady { cursor }
  ... on FeedReset { reason resumeFrom } } }`

// graphqlWS is graphql-transport-ws.
type graphqlWS struct{}

func (graphqlWS) subprotocol() string { return "graphql-transport-ws" }

func (graphqlWS) greet(m *member) []byte {
	return fmt.Appendf(nil, `{"type":"connection_init","payload":{"authorization":"Bearer %s"}}`, m.token)
}

var subscribeHead = []byte(`{"id":"1","type":"subscribe","payload":{"query":` + quoted(document) + `,"variables":{`)

func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always has JSON
	return string(b)
}

func (graphqlWS) hear(s *socket, text []byte) (answer []byte, subscribed bool, err error) {
	var m struct {
		Type    string
		Payload json.RawMessage
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, false, err
	}
	switch {
	case m.Type == "connection_ack":
		answer = bytes.Clone(subscribeHead)
		if len(s.cursor) > 0 {
			answer = fmt.Appendf(answer, `"after":"%s"`, s.cursor)
		}
		return append(answer, "}}}"...), false, nil
	case m.Type == "ping":
		return []byte(`{"type":"pong"}`), false, nil
	case m.Type == "pong":
		return nil, false, nil
	case m.Type == "next" && bytes.Contains(m.Payload, []byte(`"FeedReady"`)):
		return nil, true, nil
	}
	return nil, false, fmt.Errorf("%.300s", text)
}

// centrifugeJSON is centrifuge's protocol: commands and replies, one a line. The
// user's channel has the user's name.
type centrifugeJSON struct{}

// pingBeside is a ping of centrifuge's in one frame with what came before.
var pingBeside = []byte("\n{}")

func (centrifugeJSON) subprotocol() string { return "" }

func (centrifugeJSON) greet(m *member) []byte {
	return fmt.Appendf(nil, `{"id":1,"connect":{"token":"Bearer %s"}}`, m.token)
}

func (centrifugeJSON) hear(s *socket, text []byte) (answer []byte, subscribed bool, err error) {
	for line := range bytes.Lines(text) {
		var m struct {
			ID                 int
			Connect, Subscribe json.RawMessage
		}
		switch err := json.Unmarshal(line, &m); {
		case bytes.Contains(line, referenceMark): // an event, taken already
		case err != nil:
			return nil, false, err
		case m.Connect != nil:
			answer = fmt.Appendf(answer, `{"id":2,"subscribe":{"channel":"%s"}}`, s.member.token)
		case m.Subscribe != nil:
			subscribed = true
		case string(bytes.TrimSpace(line)) == "{}": // a ping
			answer = append(answer, "{}"...)
		default:
			return nil, false, fmt.Errorf("%.300s", line)
		}
	}
	return answer, subscribed, nil
}

// An event is known by its payment's reference: B, its number in the run, a
// dash, and which it is of those of its person, from 1.

func reference(number, nth int) string {
	return fmt.Sprintf("B%08d-%06d", number, nth)
}

var referenceMark = []byte(`"reference":"B`)

// nextEvent finds the next event in text.
func nextEvent(text []byte) (number, nth int, rest []byte, ok bool) {
	_, after, ok := bytes.Cut(text, referenceMark)
	if !ok {
		return 0, 0, text, false
	}
	name, rest, ok := bytes.Cut(after, []byte(`"`))
	first, second, dash := strings.Cut(string(name), "-")
	number, err1 := strconv.Atoi(first)
	nth, err2 := strconv.Atoi(second)
	return number, nth, rest, ok && dash && err1 == nil && err2 == nil
}

var cursorMark = []byte(`"cursor":"`)

// lastCursor is the last cursor in text, nil for none.
func lastCursor(text []byte) []byte {
	i := bytes.LastIndex(text, cursorMark)
	if i < 0 {
		return nil
	}
	cursor, _, _ := bytes.Cut(text[i+len(cursorMark):], []byte(`"`))
	return cursor
}
