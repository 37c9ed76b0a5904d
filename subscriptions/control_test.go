package subscriptions

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"
)

// control is a client's control frame, masked.
func control(first byte, payload string) []byte {
	key := [4]byte{1, 2, 3, 250}
	b := append([]byte{first, 0x80 | byte(len(payload))}, key[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%4])
	}
	return b
}

func TestBetweenMessages(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), 125))
	for _, row := range []struct {
		why      string
		data     []byte
		ping, ok bool
		payload  string
		err      error
	}{
		{"a ping", control(pingFrame, "abcdefg"), true, true, "abcdefg", nil},
		{"the longest", control(pingFrame, long), true, true, long, nil},
		{"an empty pong", control(pongFrame, ""), false, true, "", nil},
		{"a close frame is gorilla's", control(0x88, "ab"), false, false, "", nil},
		{"a message", control(0x81, "{}"), false, false, "", nil},
		{"a ping that is not masked", []byte{pingFrame, 1, 'x'}, false, false, "", nil},
		{"a ping in pieces", control(0x09, "x"), false, false, "", nil},
		{"a ping with an extension's bit", control(0xc9, "x"), false, false, "", nil},
		{"a ping that is too long", append([]byte{pingFrame, 0x80 | 126, 0, 126}, make([]byte, 130)...), false, false, "", nil},
		{"half a header", []byte{pingFrame}, false, false, "", io.EOF},
		{"half a ping", control(pingFrame, "abc")[:7], false, false, "", io.EOF},
		{"nothing", nil, false, false, "", io.EOF},
	} {
		r := bufio.NewReaderSize(bytes.NewReader(append(row.data, bytes.Repeat([]byte("!"), map[bool]int{true: 3}[row.err == nil])...)), readerSize)
		ping, payload, ok, err := betweenMessages(r)
		if ping != row.ping || ok != row.ok || string(payload) != row.payload || !errors.Is(err, row.err) {
			t.Errorf("%s: got %v %q %v %v", row.why, ping, payload, ok, err)
		}
		if rest, _ := io.ReadAll(r); row.err == nil && row.ok && string(rest) != "!!!" {
			t.Errorf("%s: %q follows", row.why, rest)
		}
	}
}

// Whatever stands there, nothing but a whole ping or pong is taken.
func FuzzBetweenMessages(f *testing.F) {
	f.Add(control(pingFrame, "abc"))
	f.Add(control(pongFrame, ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(data), readerSize)
		ping, payload, ok, err := betweenMessages(r)
		rest, _ := io.ReadAll(r)
		switch taken := len(data) - len(rest); {
		case !ok && taken != 0:
			t.Errorf("%d bytes are gone", taken)
		case ok && (err != nil || !bytes.Equal(data[:1], []byte{map[bool]byte{true: pingFrame, false: pongFrame}[ping]}) || taken != 6+len(payload)):
			t.Errorf("took %q for %q, %v", data[:taken], payload, err)
		}
	})
}
