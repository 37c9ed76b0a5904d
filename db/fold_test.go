package db_test

import (
	"testing"
	"unicode"

	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

// TestFoldedWords: whatever single character a person searches for, it is refused
// or is a word that PostgreSQL folds to something: a word of nothing would be
// found in every line. It fails for accents that stand alone.
func TestFoldedWords(t *testing.T) {
	_, name := dbtest.Open(t)
	var words []string
	for r := rune(1); r <= unicode.MaxRune; r++ {
		var f domain.LineFilter
		if r >= 0xD800 && r < 0xE000 { // no characters
			continue
		}
		if err := f.SetText(string(r)); err == nil {
			words = append(words, f.Words...)
		}
	}
	if len(words) < 100_000 {
		t.Fatalf("only %d words", len(words))
	}
	conn := dbtest.Connect(t, db.App, name)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	rows, err := conn.Query(t.Context(), `SELECT upper(to_hex(ascii(v))) FROM unnest($1::text[]) v WHERE btrim(fold(v)) = ''`, words)
	if err != nil {
		t.Fatal(err)
	}
	blank, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(blank) > 0 {
		t.Errorf("folded to nothing: %v %v", blank, err)
	}
}

// TestFold: texts and words are folded by the same function, to the same as
// plainly does it, as French is written. ß and æ stay what they are, for both.
func TestFold(t *testing.T) {
	_, name := dbtest.Open(t)
	conn := dbtest.Connect(t, db.App, name)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	for text, want := range map[string]string{
		"ÉÈÊËÀÂÄÎÏÔÖÙÛÜŸÇ": "eeeeaaaiioouuuyc", "L’Œil de Bœuf": "l'oeil de boeuf", "e\u0301te\u0301": "ete", "ﬁn": "fin", "Straße": "straße", "Ægir": "ægir", "№ 5": "no 5",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), `SELECT fold($1::text)`, text).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, want %q %v", text, got, want, err)
		}
	}
}
