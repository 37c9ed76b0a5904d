package subscriptions

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// protocol is the subprotocol that the transport speaks (graphql-ws' PROTOCOL.md).
const protocol = "graphql-transport-ws"

// The types of messages.
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

// Close says why the server closes a socket: a code of RFC 6455 or of the
// protocol, and a reason of at most 123 bytes. What a stock client does next
// hangs on the code: it never retries 4400, 4401, 4406, 4409, 4429 and retries
// 1001, 1013, 4403 and 4408 after a pause.
type Close struct {
	Code   int
	Reason string
}

// The ways in which the server closes a socket.
var (
	closeLeaving     = Close{1001, "the server is leaving: reconnect with your last cursor"}
	closeNotUTF8     = Close{1007, "a message is not UTF-8"}
	closeTooSlow     = Close{1013, "too slow: reconnect with your last cursor"}
	closeTooMany     = Close{1013, "too many sockets: try again later"}
	closeMalformed   = Close{4400, "malformed message"}
	closeNoAck       = Close{4401, "send connection_init and wait for connection_ack first"}
	closeSignIn      = Close{4401, "sign in: connection_init needs {\"authorization\": \"Bearer <token>\"}"}
	closeSessionDead = Close{4401, "the session has ended: sign in again"}
	closeUnavailable = Close{1013, "the service is busy: try again in a moment"}
	closeProtocol    = Close{4406, "speak graphql-transport-ws"}
	closeInitTimeout = Close{4408, "connection_init did not come in time"}
	closeSecondInit  = Close{4429, "connection_init came twice"}
)

// reconnectWithin bounds when the clients of a server that leaves are asked to
// come back: thus they come to the others one by one, whatever their own pauses.
const reconnectWithin = 10 * time.Second

// closeLeavingFor is closeLeaving with a hint for one client: when to come back.
func closeLeavingFor(after time.Duration) Close {
	return Close{closeLeaving.Code, fmt.Sprintf("%s; reconnectAfterMs=%d", closeLeaving.Reason, after.Milliseconds())}
}

func closeDuplicate(id string) Close {
	if len(id) > 64 {
		id = strings.ToValidUTF8(id[:64], "") // a character may have been cut
	}
	return Close{4409, "there is a subscription with id " + id + " already"}
}

// message is a message of the protocol, either way.
type message struct {
	ID      string
	Type    string
	Payload json.RawMessage
}

var errMalformed = errors.New("malformed message")

// parseMessage reads a client's message strictly: one JSON object, with a type
// that clients send, and the members that the type asks for.
func parseMessage(data []byte) (m message, err error) {
	var wire struct {
		ID      *string         `json:"id"`
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return m, errMalformed
	}
	m = message{Type: wire.Type, Payload: wire.Payload}
	if wire.ID != nil {
		m.ID = *wire.ID
	}
	object := len(wire.Payload) > 0 && wire.Payload[0] == '{'
	absent := len(wire.Payload) == 0 || string(wire.Payload) == "null"
	switch m.Type {
	case typeInit, typePing, typePong:
		if !object && !absent {
			return m, errMalformed
		}
	case typeSubscribe:
		if m.ID == "" || !object {
			return m, errMalformed
		}
	case typeComplete:
		if m.ID == "" {
			return m, errMalformed
		}
	default:
		return m, errMalformed
	}
	return m, nil
}

// frame writes a message of the server; payload is ready JSON, or nil.
func frame(kind, id string, payload []byte) []byte {
	b := append(make([]byte, 0, len(kind)+len(id)+len(payload)+40), `{"type":"`...)
	b = append(append(b, kind...), '"')
	if id != "" {
		quoted, _ := json.Marshal(id) // a string always has JSON
		b = append(append(b, `,"id":`...), quoted...)
	}
	if payload != nil {
		b = append(append(b, `,"payload":`...), payload...)
	}
	return append(b, '}')
}

func errorFrame(id string, list gqlerror.List) []byte {
	payload, err := json.Marshal(list)
	if err != nil {
		payload = []byte(`[{"message":"internal error","extensions":{"code":"INTERNAL"}}]`)
	}
	return frame(typeError, id, payload)
}
