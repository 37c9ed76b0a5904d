package domain

import (
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Kind is what an ID names.
type Kind string

// The kinds of objects that have an ID.
const (
	KindAssure       Kind = "Assure"
	KindBeneficiary  Kind = "Beneficiary"
	KindPayment      Kind = "Payment"
	KindCaisse       Kind = "Caisse"
	KindMutuelle     Kind = "Mutuelle"
	KindProfessional Kind = "Professional"
	KindIngestBatch  Kind = "IngestBatch"
)

// ID names an object: its kind, the assuré whose file holds it (0 for what
// belongs to nobody, such as a mutuelle) and its key there. It holds nothing
// about a person. It says which object is meant, never who may see it.
type ID struct {
	Kind   Kind
	Assure int64
	Key    int64
}

// String is the ID as clients see it: opaque, safe in a URL.
func (id ID) String() string {
	b := make([]byte, 0, 40)
	b = append(b, id.Kind...)
	b = strconv.AppendInt(append(b, ':'), id.Assure, 10)
	b = strconv.AppendInt(append(b, ':'), id.Key, 10)
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseID reads an ID; ok is false for a text that the API never gave.
func ParseID(s string) (id ID, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return ID{}, false
	}
	kind, numbers, _ := strings.Cut(string(raw), ":")
	assure, key, _ := strings.Cut(numbers, ":")
	id.Kind = Kind(kind)
	if id.Assure, err = strconv.ParseInt(assure, 10, 64); err != nil {
		return ID{}, false
	}
	if id.Key, err = strconv.ParseInt(key, 10, 64); err != nil {
		return ID{}, false
	}
	if !id.given() || id.String() != s {
		return ID{}, false
	}
	return id, true
}

// given tells whether the API gives such ids: one object has one id.
func (id ID) given() bool {
	switch id.Kind {
	case KindAssure:
		return id.Key > 0 && id.Assure == id.Key
	case KindBeneficiary, KindPayment:
		return id.Key > 0 && id.Assure > 0
	case KindCaisse, KindMutuelle, KindProfessional, KindIngestBatch:
		return id.Key > 0 && id.Assure == 0
	}
	return false
}

// MarshalGQL writes the scalar ID.
func (id ID) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, `"`+id.String()+`"`) }

// UnmarshalGQL reads the scalar ID. A text that the API never gave becomes the
// zero ID, which names nothing: it is answered like any id of what is not there.
func (id *ID) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("ID: want an id that the API gave, as text")
	}
	*id, _ = ParseID(s)
	return nil
}
