package subscriptions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// The types of messages of graphql-transport-ws (graphql-ws' PROTOCOL.md), by
// which this package also calls those of the older protocol.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// The types that the older protocol has alone (subscriptions-transport-ws'
// PROTOCOL.md).
const (
	typeTerminate       = "connection_terminate"
	typeConnectionError = "connection_error"
	typeKeepAlive       = "ka"
	typeData            = "data"
)

// dialect is a subprotocol that sockets speak.
type dialect struct {
	protocol string            // its name
	reads    map[string]string // the types that its clients send, and what each is called here
	next     string            // the type of an event

	// legacy: a message that cannot be read is answered with connection_error and
	// closes nothing, as is an init that is refused before it closes; error holds one
	// error, not a list; stop is answered with complete; a start with an id in use
	// replaces its operation; ka comes after connection_ack and then at an interval,
	// without which its clients close.
	legacy bool
}

var (
	transportWS = &dialect{protocol: "graphql-transport-ws", next: typeNext, reads: map[string]string{
		typeInit: typeInit, typePing: typePing, typePong: typePong, typeSubscribe: typeSubscribe, typeComplete: typeComplete}}
	legacyWS = &dialect{protocol: "graphql-ws", next: typeData, legacy: true, reads: map[string]string{
		typeInit: typeInit, "start": typeSubscribe, "stop": typeComplete, typeTerminate: typeTerminate}}
)

// Close says why the server closes a connection: a code of RFC 6455 or of the
// protocol, and a reason of at most 123 bytes. What a stock client does next
// hangs on the code: it never retries 4400, 4401, 4406, 4409, 4429 and retries
// 1001, 1013, 4403 and 4408 after a pause.
type Close struct {
	Code   int
	Reason string
	name   string // what it is counted as
}

// The ways in which the server closes a connection. 4403 is for a set-up that is
// refused and may succeed when it is made anew: it came without a token, such as
// before the app has one at hand. 4401 is for who has to sign in before anything
// helps.
var (
	closeOver        = Close{1000, "over", "over"}
	closeLeaving     = Close{1001, "the server is leaving: reconnect with your last cursor", "leaving"}
	closeNotUTF8     = Close{1007, "a message is not UTF-8", "malformed"}
	closeTooSlow     = Close{1013, "too slow: reconnect with your last cursor", "too_slow"}
	closeTooMany     = Close{1013, "too many sockets: try again later", "too_many"}
	closeMalformed   = Close{4400, "malformed message", "malformed"}
	closeNoAck       = Close{4401, "send connection_init and wait for connection_ack first", "no_ack"}
	closeSessionDead = Close{4401, "the session has ended: sign in again", "session_dead"}
	closeNoToken     = Close{4403, "connect again with a token: connection_init needs {\"authorization\": \"Bearer <token>\"}", "no_token"}
	closeUnavailable = Close{1013, "the service is busy: try again in a moment", "unavailable"}
	closeProtocol    = Close{4406, "speak graphql-transport-ws", "protocol"}
	closeInitTimeout = Close{4408, "connection_init did not come in time", "init_timeout"}
	closeSecondInit  = Close{4429, "connection_init came twice", "second_init"}
)

// The ways in which a connection ends that nobody closes in order: they are only
// counted, and a client is told nothing.
var (
	closeByClient = Close{name: "client"} // its code is its own affair
	closeLost     = Close{name: "lost"}   // the client or the network is gone
	closeSilent   = Close{name: "silent"} // nothing was heard for too long
	closeTooLarge = Close{name: "too_large"}
	closeInternal = Close{name: "internal"} // a panic
)

// reconnectWithin bounds when the clients of a server that leaves are asked to
// come back: thus they come to the others one by one, whatever their own pauses.
const reconnectWithin = 10 * time.Second

// closeLeavingFor is closeLeaving with a hint for one client: when to come back.
func closeLeavingFor(after time.Duration) Close {
	return Close{closeLeaving.Code, fmt.Sprintf("%s; reconnectAfterMs=%d", closeLeaving.Reason, after.Milliseconds()), closeLeaving.name}
}

func closeDuplicate(id string) Close {
	if len(id) > 64 {
		id = strings.ToValidUTF8(id[:64], "") // a character may have been cut
	}
	return Close{4409, "there is a subscription with id " + id + " already", "duplicate_id"}
}

// message is a message of the protocol, either way.
type message struct {
	ID      string
	Type    string
	Payload json.RawMessage
}

var errMalformed = errors.New("malformed message")

// longestID is what an operation's id may have, in bytes: it is kept, and sent with
// each event.
const longestID = 128

// parse reads a client's message strictly: one JSON object, with a type that
// clients send, and the members that the type asks for. Of a message that is
// malformed it gives the id where there is one.
func (d *dialect) parse(data []byte) (m message, err error) {
	var members map[string]json.RawMessage // by exact name, which a struct does not ask for
	if err := json.Unmarshal(data, &members); err != nil {
		return m, errMalformed
	}
	kind, _ := text(members["type"])
	m.ID, _ = text(members["id"])
	m.Type, m.Payload = d.reads[kind], members["payload"]
	good := false
	switch m.Type {
	case typeInit, typePing, typePong:
		good = isObject(m.Payload) || isAbsent(m.Payload)
	case typeSubscribe:
		good = m.ID != "" && isObject(m.Payload)
	case typeComplete:
		good = m.ID != ""
	case typeTerminate:
		good = true
	}
	if !good || len(m.ID) > longestID {
		return m, errMalformed
	}
	return m, nil
}

// parseParams reads a request strictly; numbers in variables stay exact.
func parseParams(payload []byte) (*graphql.RawParams, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil {
		return nil, errMalformed
	}
	p := &graphql.RawParams{}
	var queried, named bool
	p.Query, queried = text(members["query"])
	p.OperationName, named = text(members["operationName"])
	if !queried || !named && !isAbsent(members["operationName"]) {
		return nil, errMalformed
	}
	for name, into := range map[string]*map[string]any{"variables": &p.Variables, "extensions": &p.Extensions} {
		d := json.NewDecoder(bytes.NewReader(members[name]))
		d.UseNumber()
		if !isAbsent(members[name]) && d.Decode(into) != nil {
			return nil, errMalformed
		}
	}
	return p, nil
}

// text reads a JSON string.
func text(raw json.RawMessage) (s string, ok bool) {
	ok = len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &s) == nil
	return s, ok
}

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

func isAbsent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// frame writes a message of the server; payload is ready JSON, or nil.
func frame(kind, id string, payload []byte) []byte {
	return appendFrame(make([]byte, 0, len(kind)+len(id)+len(payload)+40), kind, id, payload)
}

func appendFrame(b []byte, kind, id string, payload []byte) []byte {
	b = append(append(append(b, `{"type":"`...), kind...), '"')
	if id != "" {
		quoted, _ := json.Marshal(id) // a string always has JSON
		b = append(append(b, `,"id":`...), quoted...)
	}
	if payload != nil {
		b = append(append(b, `,"payload":`...), payload...)
	}
	return append(b, '}')
}

// errorFrame writes that an operation is over, with a list of errors.
func (d *dialect) errorFrame(id string, list []byte) []byte {
	if d.legacy {
		var each []json.RawMessage
		if err := json.Unmarshal(list, &each); err == nil && len(each) > 0 {
			list = each[0]
		}
	}
	return frame(typeError, id, list)
}
