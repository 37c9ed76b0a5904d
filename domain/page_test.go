package domain_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
)

// TestSetText: the words of a text, or why it has none.
func TestSetText(t *testing.T) {
	for _, row := range []struct {
		why, text string
		want      []string
	}{
		{"words", "  kiné  Lyon ", []string{"kiné", "Lyon"}},
		{"an accent as a character of its own", "kine\u0301", []string{"kine"}},
		{"what is never seen", "le\u200d\u00ad goff\u200e", []string{"le", "goff"}},
		{"accents alone would be found everywhere", "\u0301\u0302", nil},
		{"an accent on a space, too", "\u00a8 \u00b4", nil},
		{"marks of direction alone", "\u200f", nil},
		{"spaces", " \t\u00a0", nil},
		{"a NUL", "a\x00", nil},
		{"nine words", "a b c d e f g h i", nil},
		{"101 characters", strings.Repeat("é", 101), nil},
	} {
		var f domain.LineFilter
		if err := f.SetText(row.text); (err == nil) != (row.want != nil) {
			t.Errorf("%s: %v", row.why, err)
		} else if diff := cmp.Diff(row.want, f.Words); err == nil && diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}
