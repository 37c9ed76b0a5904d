// Package cursor writes and reads the places that clients are given in lists
// and feeds. A cursor is opaque and authenticated, says nothing about a person,
// and is of use for the assuré and the list or feed that it was made for alone.
package cursor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"comptesante/domain"
	"comptesante/domain/civil"
)

// ErrInvalid is a text that is no cursor of this assuré and list: it was
// changed, cut, or given to somebody else.
var ErrInvalid = errors.New("not a cursor of this list")

// Codec writes and reads cursors under one key. It is safe for concurrent use.
type Codec struct {
	aead cipher.AEAD
	mac  []byte // makes the nonce
}

// New makes a codec. All nodes of one installation share the key.
func New(key [32]byte) *Codec {
	block, err := aes.NewCipher(derive(key, "seal"))
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the block size of GCM
	}
	return &Codec{aead: aead, mac: derive(key, "nonce")}
}

func derive(key [32]byte, purpose string) []byte {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte("comptesante cursor " + purpose))
	return h.Sum(nil)
}

// Feed writes a place in a feed, with the beneficiaries of whom its holder was
// told everything up to there: who sees more later has missed something.
func (c *Codec) Feed(key domain.FeedKey, at domain.Position, seen ...int64) string {
	numbers := []int64{at.Epoch, at.Seq}
	last := int64(0)
	for _, b := range slices.Sorted(slices.Values(seen)) {
		numbers, last = append(numbers, b-last), b // brothers and sisters stand close
	}
	return c.seal(feedScope(key), numbers...)
}

// ParseFeed reads a place in that feed, or fails with ErrInvalid. seen is nil
// where the cursor does not say: it is of a version that wrote none.
func (c *Codec) ParseFeed(key domain.FeedKey, s string) (at domain.Position, seen []int64, err error) {
	n, err := c.open(feedScope(key), s)
	if err != nil {
		return at, nil, err
	}
	last := int64(0)
	for _, step := range n[2:] {
		last += step
		seen = append(seen, last)
	}
	return domain.Position{Epoch: n[0], Seq: n[1]}, seen, nil
}

// Payment writes a place in an assuré's list of payments, of an order.
func (c *Codec) Payment(assure int64, order domain.PaymentOrder, at domain.PaymentPlace) string {
	return c.seal(listScope(assure, order), dayNumber(at.Day), at.Key)
}

// ParsePayment reads a place in that list, or fails with ErrInvalid.
func (c *Codec) ParsePayment(assure int64, order domain.PaymentOrder, s string) (domain.PaymentPlace, error) {
	n, err := c.open(listScope(assure, order), s)
	if err != nil {
		return domain.PaymentPlace{}, err
	}
	return domain.PaymentPlace{Day: civil.Date{Year: 1970, Month: time.January, Day: 1}.AddDays(int(n[0])), Key: n[1]}, nil
}

// Batch writes a place in a sender's list of batches.
func (c *Codec) Batch(sender string, key int64) string { return c.seal(batchScope(sender), key, 0) }

// ParseBatch reads a place in that list, or fails with ErrInvalid.
func (c *Codec) ParseBatch(sender, s string) (key int64, err error) {
	n, err := c.open(batchScope(sender), s)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

func batchScope(sender string) string { return "list/batches/" + sender }

func feedScope(key domain.FeedKey) string { return fmt.Sprintf("feed/%s/%d", key.Feed, key.Assure) }

func listScope(assure int64, order domain.PaymentOrder) string {
	if order == domain.ByCaredOn {
		return fmt.Sprintf("list/payments by care/%d", assure)
	}
	return fmt.Sprintf("list/payments/%d", assure)
}

func dayNumber(d civil.Date) int64 {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)
}

// seal encrypts numbers for a scope. The nonce is computed from scope and
// numbers (as in AES-SIV), so that one place has one text and no random source
// is needed; equal texts tell only that the place is the same.
func (c *Codec) seal(scope string, numbers ...int64) string {
	plain := make([]byte, 0, 40)
	for _, n := range numbers {
		plain = binary.AppendVarint(plain, n)
	}
	nonce := c.nonce(scope, plain)
	return base64.RawURLEncoding.EncodeToString(c.aead.Seal(nonce, nonce, plain, []byte(scope)))
}

func (c *Codec) nonce(scope string, plain []byte) []byte {
	h := hmac.New(sha256.New, c.mac)
	h.Write(binary.BigEndian.AppendUint16(nil, uint16(len(scope))))
	h.Write([]byte(scope))
	h.Write(plain)
	return h.Sum(nil)[:c.aead.NonceSize()]
}

// open reads the numbers that seal wrote, two at least.
func (c *Codec) open(scope, s string) (numbers []int64, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) < c.aead.NonceSize() {
		return nil, ErrInvalid
	}
	nonce, sealed := raw[:c.aead.NonceSize()], raw[c.aead.NonceSize():]
	plain, err := c.aead.Open(nil, nonce, sealed, []byte(scope))
	if err != nil {
		return nil, ErrInvalid
	}
	for len(plain) > 0 {
		n, used := binary.Varint(plain)
		if used <= 0 {
			return nil, ErrInvalid
		}
		numbers, plain = append(numbers, n), plain[used:]
	}
	if len(numbers) < 2 {
		return nil, ErrInvalid
	}
	return numbers, nil
}
