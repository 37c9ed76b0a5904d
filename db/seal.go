package db

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keys seal the columns that hold a NIR, an IBAN or a birth date, index the NIR
// blindly, and give the key of cursors. All nodes of an installation share
// them; without them the sealed columns are lost.
type Keys struct {
	aead    tink.AEAD
	aeadKey int64
	prf     *prf.Set
}

// keyFile is the form of the key file: two Tink keysets.
type keyFile struct {
	AEAD json.RawMessage `json:"aead"` // AES-256-GCM
	PRF  json.RawMessage `json:"prf"`  // HMAC-SHA-256
}

// LoadKeys reads the key file, or makes a new one, readable by its owner alone,
// where there is none and create is set.
func LoadKeys(path string, create bool) (*Keys, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		if err := createKeys(path); err != nil {
			return nil, err
		}
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the key file cannot be read: %w; give its path in COMPTESANTE_KEYS_FILE", err)
	}
	keys, err := parseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("the key file %s is damaged (%w): restore it from its backup", path, err)
	}
	return keys, nil
}

// createKeys writes new keys through a link, so that two programs that start at
// once agree on one file.
func createKeys(path string) error {
	text, err := newKeys()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	fresh, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(fresh.Name()) }()
	_, err = fresh.Write(text)
	if err := errors.Join(err, fresh.Sync(), fresh.Close()); err != nil {
		return err
	}
	if err := os.Link(fresh.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func newKeys() ([]byte, error) {
	sealing, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	indexing, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, err
	}
	var file keyFile
	for _, k := range []struct {
		handle *keyset.Handle
		into   *json.RawMessage
	}{{sealing, &file.AEAD}, {indexing, &file.PRF}} {
		var text bytes.Buffer
		if err := insecurecleartextkeyset.Write(k.handle, keyset.NewJSONWriter(&text)); err != nil {
			return nil, err
		}
		*k.into = text.Bytes()
	}
	return json.MarshalIndent(file, "", "  ")
}

func parseKeys(text []byte) (*Keys, error) {
	var file keyFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, errors.New("not a key file")
	}
	sealing, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(file.AEAD)))
	if err != nil {
		return nil, errors.New("no sealing keys")
	}
	indexing, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(file.PRF)))
	if err != nil {
		return nil, errors.New("no index keys")
	}
	k := &Keys{aeadKey: int64(sealing.KeysetInfo().GetPrimaryKeyId())}
	if k.aead, err = aead.New(sealing); err != nil {
		return nil, err
	}
	if k.prf, err = prf.NewPRFSet(indexing); err != nil {
		return nil, err
	}
	return k, nil
}

// cell names a sealed value: it is bound to its table, column and row, so that
// a value copied elsewhere does not open.
type cell struct {
	table, column string
	assure, row   int64
}

func (c cell) associated() []byte {
	b := append(append(append([]byte(c.table), '|'), c.column...), '|')
	b = append(strconv.AppendInt(b, c.assure, 10), '|')
	return strconv.AppendInt(b, c.row, 10)
}

func (k *Keys) seal(at cell, plain string) ([]byte, error) {
	return k.aead.Encrypt([]byte(plain), at.associated())
}

// open gives a sealed value. Its error names the place and never the value.
func (k *Keys) open(at cell, sealed []byte) (string, error) {
	plain, err := k.aead.Decrypt(sealed, at.associated())
	if err != nil {
		return "", fmt.Errorf("%s.%s of row %d does not open with these keys", at.table, at.column, at.row)
	}
	return string(plain), nil
}

// index is the blind index of a value for a purpose, such as "assures.nir":
// equal values have equal indexes, and without the key nothing else can be told.
func (k *Keys) index(purpose, value string) ([]byte, error) {
	return k.prf.ComputePrimaryPRF([]byte(purpose+"|"+value), 32)
}

func (k *Keys) indexKey() int64 { return int64(k.prf.PrimaryID) }

func (k *Keys) cursorKey() (key [32]byte, err error) {
	b, err := k.index("cursor", "")
	copy(key[:], b)
	return key, err
}

// CursorKey is the key under which this installation's cursors are written.
func (d *DB) CursorKey() ([32]byte, error) { return d.keys.cursorKey() }

// Sealed tells whether the database at url was sealed with keys already: then
// they are to be found, never made anew. It connects as App.
func Sealed(ctx context.Context, url string) (sealed bool, err error) {
	pool, err := openPool(ctx, url, App, Options{MaxConns: 1})
	if err != nil {
		return false, err
	}
	defer pool.Close()
	err = pool.QueryRow(ctx, `SELECT key_check IS NOT NULL FROM installation`).Scan(&sealed)
	return sealed, mapErrorIf(err, "Sealed")
}

// checkKeys refuses keys that are not those of this database, and remembers
// them in a database that has none yet.
func (d *DB) checkKeys(ctx context.Context) (err error) {
	defer wrap(&err, "checking the keys")
	mine, err := d.keys.index("key check", "")
	if err != nil {
		return err
	}
	if _, err := d.pool.Exec(ctx, `UPDATE installation SET key_check = $1 WHERE key_check IS NULL`, mine); err != nil {
		return err
	}
	var stored []byte
	if err := d.pool.QueryRow(ctx, `SELECT key_check FROM installation`).Scan(&stored); err != nil {
		return err
	}
	if !bytes.Equal(mine, stored) {
		return errors.New("the key file is not the one that this database was sealed with: give the right one in COMPTESANTE_KEYS_FILE")
	}
	return nil
}
