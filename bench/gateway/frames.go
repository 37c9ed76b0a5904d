package main

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The kinds of frames (RFC 6455, 5.2) that the client meets.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

const (
	final  = 0x80 // the first byte's bit: the message ends here
	masked = 0x80 // the second byte's bit, which clients set and servers do not
)

// mask hides nothing on loopback, but servers take the time to undo it.
var mask = [4]byte{0x5a, 0x13, 0xc7, 0x8e}

// appendFrame writes a client's frame: whole, and masked.
func appendFrame(b []byte, op byte, payload []byte) []byte {
	b = append(b, final|op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	b = append(b, mask[:]...)
	for i, c := range payload {
		b = append(b, c^mask[i%4])
	}
	return b
}

// largestFrame is what a server may send at once.
const largestFrame = 1 << 20

var errFrame = errors.New("a frame that the bench does not read")

// nextFrame takes a server's frame off b; ok is false where b does not hold a
// whole one yet. The payload is a part of b.
func nextFrame(b []byte) (op byte, payload, rest []byte, ok bool, err error) {
	if len(b) < 2 {
		return 0, nil, b, false, nil
	}
	if b[0]&final == 0 || b[0]&0x70 != 0 || b[1]&masked != 0 {
		return 0, nil, b, false, fmt.Errorf("%w: it begins with %x", errFrame, b[:2])
	}
	size, head := int(b[1]), 2
	switch {
	case size == 126 && len(b) >= 4:
		size, head = int(binary.BigEndian.Uint16(b[2:])), 4
	case size == 127 && len(b) >= 10:
		size, head = int(min(binary.BigEndian.Uint64(b[2:]), largestFrame+1)), 10
	case size >= 126:
		return 0, nil, b, false, nil
	}
	if size > largestFrame {
		return 0, nil, b, false, fmt.Errorf("%w: it is longer than %d bytes", errFrame, largestFrame)
	}
	if len(b) < head+size {
		return 0, nil, b, false, nil
	}
	return b[0] & 0xf, b[head : head+size], b[head+size:], true, nil
}
