package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// level is an object or a list that is open at some place of a JSON text.
type level struct {
	list   bool
	index  int      // of the element, in a list
	fields [][]byte // the names so far, in an object
}

// follow reads JSON that is known to be well formed up to an offset, or to the
// first field that its object has already, and gives the path there, such as
// lines[0].spentCents. encoding/json tells neither, and silently mixes what
// comes twice.
func follow(text []byte, until int64) (path string, twice bool) {
	var open []level
	for i := 0; int64(i) < until && !twice; i++ {
		top := len(open) - 1
		switch text[i] {
		case '{', '[':
			open = append(open, level{list: text[i] == '['})
		case '}', ']':
			open = open[:top]
		case ',':
			open[top].index++
		case '"':
			begin := i
			i = endOfText(text, begin)
			if bytes.HasPrefix(bytes.TrimLeft(text[i+1:], " \t\r\n"), []byte(":")) {
				twice = open[top].name(text[begin : i+1])
			}
		}
	}
	return pathOf(open), twice
}

// endOfText is the place of the quotation mark that ends the text which begins
// at a place.
func endOfText(text []byte, begin int) int {
	for i := begin + 1; ; i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
}

// name takes the next field's name, quoted, and tells whether the object has it
// already. Fields are found in any case.
func (l *level) name(quoted []byte) (again bool) {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		var plain string
		if json.Unmarshal(quoted, &plain) == nil {
			name = []byte(plain)
		}
	}
	for _, f := range l.fields {
		again = again || bytes.EqualFold(f, name)
	}
	l.fields = append(l.fields, name)
	return again
}

func pathOf(open []level) string {
	var b strings.Builder
	for _, l := range open {
		switch {
		case l.list:
			fmt.Fprintf(&b, "[%d]", l.index)
		case len(l.fields) > 0:
			b.WriteString("." + string(l.fields[len(l.fields)-1]))
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}
