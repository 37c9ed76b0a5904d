package db_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

// newFile is the i-th person's file with children born on these days.
func newFile(t testing.TB, i int, caisse int64, children ...string) db.NewFile {
	t.Helper()
	f := db.NewFile{Assure: domain.Assure{NIR: dbtest.NIR(t, i), FamilyName: "N'Diaye", GivenName: fmt.Sprint("Éloïse ", i),
		BirthDate: dbtest.Day(t, "1985-05-14"), Caisse: domain.Caisse{ID: domain.ID{Key: caisse}}}}
	for _, born := range children {
		f.Children = append(f.Children, domain.Beneficiary{Relation: domain.Child, FamilyName: "N'Diaye", GivenName: born, BirthDate: dbtest.Day(t, born)})
	}
	return f
}

// TestAddFiles: many files come in together, each as it would alone.
func TestAddFiles(t *testing.T) {
	d, name := dbtest.Open(t)
	caisse := dbtest.AddReference(t, d).Caisse
	ids, err := d.AddFiles(t.Context(), "test", []db.NewFile{newFile(t, 0, caisse, "2015-03-02"), newFile(t, 1, caisse), newFile(t, 2, caisse, "2015-03-02", "2017-01-01")})
	if err != nil || len(ids) != 3 {
		t.Fatal(ids, err)
	}
	for i, want := range [][]string{{"Éloïse 0", "2015-03-02"}, {"Éloïse 1"}, {"Éloïse 2", "2015-03-02", "2017-01-01"}} {
		file, err := d.File(t.Context(), dbtest.Sight(t, name, ids[i]), db.FileQuery{Assure: true, People: true})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, b := range file.Assure.Beneficiaries {
			got = append(got, b.GivenName)
		}
		a := file.Assure
		if diff := cmp.Diff(want, got); diff != "" || a.ID != ids[i] || a.NIR != dbtest.NIR(t, i) || a.Caisse.Code != "691" || a.Mutuelle != nil || a.IBAN != nil {
			t.Errorf("file %d: %+v %s", i, a, diff)
		}
	}
}

// TestAddFilesAllOrNone: one that cannot be opened leaves none behind.
func TestAddFilesAllOrNone(t *testing.T) {
	d, _ := dbtest.Open(t)
	caisse := dbtest.AddReference(t, d).Caisse
	if _, err := d.AddFile(t.Context(), "test", newFile(t, 0, caisse)); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why  string
		bad  db.NewFile
		want domain.Code
	}{
		{"a NIR that has a file", newFile(t, 0, caisse), domain.Conflict},
		{"two people born on one day with one rank", newFile(t, 2, caisse, "2015-03-02", "2015-03-02"), domain.Validation},
		{"a child born on the assuré's day", newFile(t, 2, caisse, "1985-05-14"), domain.Validation},
	} {
		if _, err := d.AddFiles(t.Context(), "test", []db.NewFile{newFile(t, 1, caisse), row.bad}); domain.CodeOf(err) != row.want {
			t.Errorf("%s: %v", row.why, err)
		}
		if _, err := d.AssureByNIR(t.Context(), dbtest.NIR(t, 1)); domain.CodeOf(err) != domain.NotFound {
			t.Errorf("%s: the good one was left behind: %v", row.why, err)
		}
	}
}
