package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// TestFramesOfOurs: a server of another's making reads what the client writes,
// at each length that has a form of its own.
func TestFramesOfOurs(t *testing.T) {
	texts := []string{"", "a", strings.Repeat("b", 125), strings.Repeat("c", 126), strings.Repeat("d", 65535), strings.Repeat("é", 40000)}
	read := make(chan string, len(texts))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var u websocket.Upgrader
		ws, err := u.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		defer close(read)
		for range texts {
			_, text, err := ws.ReadMessage()
			if err != nil {
				t.Error(err)
				return
			}
			read <- string(text)
		}
	}))
	defer server.Close()
	ws, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	for _, text := range texts {
		if _, err := ws.NetConn().Write(appendFrame(nil, opText, []byte(text))); err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range texts {
		if got := <-read; got != text {
			t.Errorf("the %d-th text of %d bytes came as one of %d", i, len(text), len(got))
		}
	}
}

// serverFrame is a frame as servers send it.
func serverFrame(op byte, payload []byte) []byte {
	b := []byte{final | op}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// TestFramesOfServers: frames come in whatever pieces the network makes, many in
// one or one in many.
func TestFramesOfServers(t *testing.T) {
	payloads := [][]byte{{}, []byte("a"), bytes.Repeat([]byte("b"), 125), bytes.Repeat([]byte("c"), 126), bytes.Repeat([]byte("d"), 70000)}
	var stream []byte
	for _, p := range payloads {
		stream = append(stream, serverFrame(opText, p)...)
	}
	for _, piece := range []int{1, 2, 3, 1000, len(stream)} {
		var got [][]byte
		var held []byte
		for from := bytes.NewReader(stream); ; {
			b := make([]byte, piece)
			n, err := from.Read(b)
			if err == io.EOF {
				break
			}
			held = append(held, b[:n]...)
			for {
				op, payload, rest, ok, err := nextFrame(held)
				if err != nil || (ok && op != opText) {
					t.Fatalf("in pieces of %d: kind %d, %v", piece, op, err)
				}
				if !ok {
					break
				}
				got, held = append(got, bytes.Clone(payload)), rest
			}
		}
		if len(got) != len(payloads) || len(held) != 0 {
			t.Fatalf("in pieces of %d: %d frames, and %d bytes over", piece, len(got), len(held))
		}
		for i := range got {
			if !bytes.Equal(got[i], payloads[i]) {
				t.Errorf("in pieces of %d: the %d-th frame differs", piece, i)
			}
		}
	}
}

func TestFramesRefused(t *testing.T) {
	for why, b := range map[string][]byte{
		"a part of a message":    {opText, 1, 'a'},
		"compressed":             {final | 0x40 | opText, 1, 'a'},
		"masked, as a client's":  {final | opText, masked | 1, 0, 0, 0, 0, 'a'},
		"too long":               {final | opText, 127, 0, 0, 0, 0, 0x10, 0, 0, 0},
		"longer than an int has": {final | opText, 127, 0xff, 0, 0, 0, 0, 0, 0, 0},
	} {
		if _, _, _, ok, err := nextFrame(b); ok || !errors.Is(err, errFrame) {
			t.Errorf("%s: taken, %v", why, err)
		}
	}
}
