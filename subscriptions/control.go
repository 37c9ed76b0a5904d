package subscriptions

import "bufio"

// The first byte of a ping and of a pong of RFC 6455, whole, without extensions.
const (
	pingFrame = 0x89
	pongFrame = 0x8a
)

// betweenMessages takes a ping or pong that stands where a message may begin. It
// is read here because gorilla would then wait for the message that comes after
// it, and a parked socket waits for nothing. Whatever else stands there, ill-formed
// control frames too, is left to gorilla: ok is false.
func betweenMessages(r *bufio.Reader) (ping bool, payload []byte, ok bool, err error) {
	const header, mask = 2, 4
	head, err := r.Peek(header)
	if err != nil {
		return false, nil, false, err
	}
	kind, masked, length := head[0], head[1]&0x80 != 0, int(head[1]&0x7f)
	if kind != pingFrame && kind != pongFrame || !masked || length > 125 {
		return false, nil, false, nil
	}
	frame, err := r.Peek(header + mask + length)
	if err != nil {
		return false, nil, false, err
	}
	key := frame[header : header+mask]
	payload = make([]byte, length)
	for i, b := range frame[header+mask:] {
		payload[i] = b ^ key[i%mask]
	}
	_, err = r.Discard(header + mask + length)
	return kind == pingFrame, payload, true, err
}
