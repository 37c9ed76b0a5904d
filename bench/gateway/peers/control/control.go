// Package control is how the bench tells a peer to publish, and what it
// publishes: line by line over a connection of its own.
package control

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
)

// Event is one payment to be published.
type Event struct {
	User      string
	Reference string // of the payment: the client finds the event by it
	Cursor    string // as long as ours
}

// Serve takes commands at the address in CONTROL until the process ends:
//
//	e USER REFERENCE CURSOR   publish to all sockets of a user
//	gc                        collect garbage; answered with the bytes of live heap and stacks
func Serve(publish func(Event)) {
	l, err := net.Listen("tcp", os.Getenv("CONTROL"))
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(conn, publish)
	}
}

func serve(conn net.Conn, publish func(Event)) {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		switch f := strings.Fields(lines.Text()); {
		case len(f) == 4 && f[0] == "e":
			publish(Event{User: f[1], Reference: f[2], Cursor: f[3]})
		case len(f) == 1 && f[0] == "gc":
			fmt.Fprintln(conn, collect())
		default:
			log.Fatalf("not a command: %q", lines.Text())
		}
	}
}

// collect gives garbage back to the system and tells what lives.
func collect() uint64 {
	runtime.GC() // what finalizers and pools held goes with the second
	debug.FreeOSMemory()
	live := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64() + live[1].Value.Uint64()
}

// User is who a token of the bench stands for: peers look nothing up.
func User(authorization string) (user string, ok bool) {
	return strings.CutPrefix(authorization, "Bearer ")
}

// Cursor stands for a cursor where there is none to resume from.
const Cursor = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
