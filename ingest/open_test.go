package ingest

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packed is a text as gzip packs it.
func packed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormats(t *testing.T) {
	ndjson, rows := of(t, "A")+"\n", header(";")+rowOf(t, "A")
	for _, row := range []struct {
		why, name string
		format    Format
		file      string
		fails     string
	}{
		{"by the name", "a.ndjson", "", ndjson, ""},
		{"CSV by the name", "in/A.CSV", "", rows, ""},
		{"packed, by the name within", "a.csv.gz", "", rows, ""},
		{"by the first byte where the name says nothing", "a.txt", "", rows, ""},
		{"JSON", "", "", " \n" + ndjson, ""},
		{"after a byte order mark", "", "", "\ufeff" + ndjson, ""},
		{"the operator knows better than the name", "a.csv", NDJSON, ndjson, ""},
		{"and than the first byte", "", CSV, ndjson, "no header of columns"},
		{"a name that is wrong is told by the header", "a.csv", "", ndjson, "no header of columns"},
	} {
		for _, file := range [][]byte{[]byte(row.file), packed(t, row.file)} {
			p := Payments{Store: &memory{}, Today: today, Name: row.name, Format: row.format, Rejects: &bytes.Buffer{}}
			sum, err := p.Run(t.Context(), bytes.NewReader(file))
			if row.fails != "" {
				if err == nil || !strings.Contains(err.Error(), row.fails) {
					t.Errorf("%s: %v", row.why, err)
				}
				continue
			}
			if err != nil || sum != (Summary{Added: 1}) {
				t.Errorf("%s: %v %v", row.why, sum, err)
			}
		}
	}
}

// TestBadGzip: what was whole goes in, one error tells the mend, and the file
// that is sent again is taken in as if nothing had been.
func TestBadGzip(t *testing.T) {
	var ndjson, rows strings.Builder
	rows.WriteString(header(";"))
	for i := range 26 {
		ndjson.WriteString(of(t, string(rune('a'+i))) + "\n")
		rows.WriteString(rowOf(t, string(rune('a'+i))))
	}
	for _, text := range []string{ndjson.String(), rows.String()} {
		whole := packed(t, text)
		checksum := bytes.Clone(whole)
		checksum[len(checksum)-8] ^= 1
		half := strings.LastIndex(text[:len(text)/2], "\n") + 1
		for _, row := range []struct {
			why   string
			file  []byte
			least int // payments that are in
			want  string
		}{
			{"whole", whole, 26, ""},
			{"two members are one text", append(packed(t, text[:half]), packed(t, text[half:])...), 26, ""},
			{"a member that ends within a line", append(packed(t, text[:half+30]), packed(t, text[half+30:])...), 26, ""},
			{"cut within its header", whole[:5], 0, "cut short"},
			{"cut at its end", whole[:len(whole)-4], 25, "cut short"},
			{"cut in the middle", whole[:len(whole)-40], 1, "cut short"},
			{"its second member cut", append(packed(t, text[:half]), packed(t, text[half:])[:5]...), 10, "cut short"},
			{"a checksum that is wrong", checksum, 25, "damaged"},
			{"a few bytes of something else follow", append(bytes.Clone(whole), "\r\n"...), 25, "not gzip"},
			{"a single one", append(bytes.Clone(whole), 0), 25, "not gzip"},
			{"many empty members", append(bytes.Repeat(packed(t, ""), 200), whole...), 26, ""},
			{"something else follows", append(bytes.Clone(whole), "no gzip at all"...), 25, "not gzip"},
		} {
			m := &memory{}
			p := Payments{Store: m, Today: today, Rejects: &bytes.Buffer{}}
			sum, err := p.Run(t.Context(), bytes.NewReader(row.file))
			if sum.Added < row.least || sum.Rejected > 0 || len(m.amounts) != sum.Added {
				t.Errorf("%s: %v, %d in the store", row.why, sum, len(m.amounts))
			}
			if (err == nil) != (row.want == "") || (err != nil && (!strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), "sent again"))) {
				t.Errorf("%s: %v", row.why, err)
			}
			again, err := p.Run(t.Context(), bytes.NewReader(whole))
			if diff := cmp.Diff(Summary{Added: 26 - sum.Added, Unchanged: sum.Added}, again); diff != "" || err != nil {
				t.Errorf("%s, again: %v %s", row.why, err, diff)
			}
		}
	}
}
