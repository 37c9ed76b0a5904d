package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
)

// header names the columns of a plain payment, from the left.
func header(separator string) string { return headerTo("paidCents", separator) }

// headerTo names the columns up to a last one.
func headerTo(last, separator string) string {
	var names []string
	for _, c := range columns {
		if names = append(names, c.name); c.name == last {
			break
		}
	}
	return strings.Join(names, separator) + "\n"
}

// goodRow is the payment of good, in CSV.
const goodRow = "1 85 05 75 990 001 29;2017-09-03;;A1;VIR 1;2026-11-02;ASSURE;1900;AWAITED;99000001;;;" + goodCells

// goodCells is its line.
const goodCells = "2026-10-28;G;Consultation;99700000003;Dr Hélène d'Aubigné;Dermatologue;;3000;3000;70;2100;200;1900\n"

// rowOf is a good row of a reference.
func rowOf(t testing.TB, reference string) string { return swap(t, goodRow, ";A1;", ";"+reference+";") }

// swap replaces one piece, which must be there.
func swap(t testing.TB, text, old, new string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%s is not in %s", old, text)
	}
	return strings.Replace(text, old, new, 1)
}

// keeper is a store that keeps everything.
type keeper struct {
	records []domain.PaymentRecord
}

// RecordPayments implements Recorder.
func (k *keeper) RecordPayments(_ context.Context, _ string, records []domain.PaymentRecord) ([]domain.Recorded, error) {
	k.records = append(k.records, records...)
	return make([]domain.Recorded, len(records)), nil
}

// recordsOf are the records of a file, none of whose payments is rejected.
func recordsOf(t testing.TB, file io.Reader) []domain.PaymentRecord {
	t.Helper()
	var rejects bytes.Buffer
	k := &keeper{}
	p := Payments{Store: k, Today: today, Rejects: &rejects}
	if _, err := p.Run(t.Context(), file); err != nil || rejects.Len() > 0 {
		t.Fatalf("%v %s", err, &rejects)
	}
	return k.records
}

// asCSV writes lines of NDJSON as CSV, by encoding/csv.
func asCSV(t testing.TB, ndjson string, separator rune) string {
	t.Helper()
	var out strings.Builder
	w := csv.NewWriter(&out)
	w.Comma = separator
	out.WriteString(headerTo("", string(separator)))
	for text := range strings.Lines(ndjson) {
		var payment map[string]any
		if err := json.Unmarshal([]byte(text), &payment); err != nil {
			t.Fatal(err)
		}
		for _, line := range payment["lines"].([]any) {
			var cells []string
			for _, c := range columns {
				from := payment
				if !c.kind.head {
					from = line.(map[string]any)
				}
				cells = append(cells, cellOf(from, c.name)+retained(from, c.name))
			}
			if err := w.Write(cells); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Flush()
	return out.String()
}

// retained is what a line's retentions say of a column.
func retained(line map[string]any, column string) string {
	list, _ := line["retentions"].([]any)
	for _, one := range list {
		r := one.(map[string]any)
		if of, earlier := r["of"].(map[string]any); earlier {
			name, ok := strings.CutPrefix(column, "earlier.")
			if ok && name == strings.ToLower(r["kind"].(string))+"Cents" {
				return cellOf(r, "amountCents")
			} else if ok && of[name] != nil {
				return cellOf(of, name)
			}
			continue
		}
		name := strings.ToLower(r["kind"].(string))
		if name == "other" {
			name = "otherRetained"
		}
		if r["deferred"] == true {
			name = "deferred" + strings.ToUpper(name[:1]) + name[1:]
		}
		if name+"Cents" == column {
			return cellOf(r, "amountCents")
		}
	}
	return ""
}

// cellOf is the value at a path of an object; empty where there is none.
func cellOf(object map[string]any, path string) string {
	name, rest, deeper := strings.Cut(path, ".")
	switch v := object[name].(type) {
	case map[string]any:
		if deeper {
			return cellOf(v, rest)
		}
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// TestSameAsNDJSON: CSV makes the records that NDJSON makes of the same
// payments, in every spelling that a spreadsheet may write.
func TestSameAsNDJSON(t *testing.T) {
	three := strings.NewReplacer(`"lines":[`, `"lines":[`+goodAct+`,{"caredOn":"2026-10-28","act":"FR","label":"Frais; d'\"accès\", Lyon","spentCents":0,"baseCents":0,"ratePercent":0,"reimbursedCents":-1900,"paidCents":-1900},`).Replace(good)
	known := strings.NewReplacer(`"AWAITED"`, `"KNOWN","amountCents":900,"paidOn":"2026-11-05"`, `"Dermatologue"`, `"Dermatologue","town":"L'Haÿ-les-Roses"`,
		`"2017-09-03"`, `"2017-09-03","rank":2`, `"A1"`, `"A3"`).Replace(good)
	assure := strings.NewReplacer(`"beneficiary":{"birthDate":"2017-09-03"},`, ``, `"A1"`, `"A4"`).Replace(good)
	detailed := strings.NewReplacer(`"A1"`, `"A5"`, `"ASSURE",`, `"ASSURE","account":"FR76 3000 6000 0112 3456 7890 189",`, `"paidCents":1900`,
		`"paidCents":1900,"retentions":[{"kind":"PARTICIPATION","amountCents":200},{"kind":"FRANCHISE","amountCents":100,"deferred":true}]`).Replace(good)
	allowance := strings.NewReplacer(`"A1"`, `"A6"`, `"spentCents":3000,"baseCents":3000,"ratePercent":70,"reimbursedCents":2100`, `"spentCents":0,"baseCents":0,"ratePercent":0,"reimbursedCents":2100`,
		`"paidCents":1900`, `"paidCents":1900,"retentions":[{"kind":"OTHER","amountCents":200}],"allowance":{"nature":"SICKNESS","from":"2026-10-28","to":"2026-10-30","days":3,"dailyCents":750,"grossCents":2250,"csgCents":140,"crdsCents":10}`).Replace(good)
	earlier := strings.NewReplacer(`"A1"`, `"A7"`, `"paidCents":1900`, `"paidCents":1900,"retentions":[{"kind":"PARTICIPATION","amountCents":50},`+
		`{"kind":"FRANCHISE","amountCents":100,"of":{"caredOn":"2026-09-14","paidOn":"2026-09-21","label":"Boîte d'aspirine; à 65 %"}},`+
		`{"kind":"OTHER","amountCents":50,"of":{"caredOn":"2026-09-14","paidOn":"2026-09-21","label":"Boîte d'aspirine; à 65 %"}}]`).Replace(good)
	unknown := strings.NewReplacer(`"A1"`, `"A8"`, `"paidCents":1900`, `"paidCents":1900,"retentions":[{"kind":"PARTICIPATION","amountCents":200,"of":{"caredOn":"2026-09-14","label":"Consultation"}}]`).Replace(good)
	ndjson := strings.Join([]string{three, of(t, "A2"), known, assure, detailed, allowance, earlier, unknown, ""}, "\n")
	want := recordsOf(t, strings.NewReader(ndjson))
	semicolons := asCSV(t, ndjson, ';')
	for _, row := range []struct{ why, file string }{
		{"semicolons, as French spreadsheets write", semicolons},
		{"commas, as the RFC has it", asCSV(t, ndjson, ',')},
		{"a byte order mark", "\ufeff" + semicolons},
		{"lines of Windows", strings.ReplaceAll(semicolons, "\n", "\r\n")},
		{"no end of the last line", strings.TrimSuffix(semicolons, "\n")},
		{"the last line ends with a lone carriage return", strings.TrimSuffix(semicolons, "\n") + "\r"},
		{"blank rows, and rows of separators as spreadsheets leave them", strings.ReplaceAll(semicolons, "\n", "\n\n"+strings.Repeat(";", len(columns)-1)+"\n;;\n")},
		{"quotation marks where none are needed, blanks and another case in the header", swap(t, swap(t, semicolons, "nir;", `"NIR";`), "reference", " Reference ")},
	} {
		for _, file := range []io.Reader{strings.NewReader(row.file), iotest.OneByteReader(strings.NewReader(row.file)), bytes.NewReader(packed(t, row.file))} {
			if diff := cmp.Diff(want, recordsOf(t, file), whole); diff != "" {
				t.Errorf("%s: %s", row.why, diff)
			}
		}
	}
}

// runCSV takes a file of CSV in.
func runCSV(t testing.TB, m *memory, file io.Reader) (sum Summary, rejects []string, err error) {
	t.Helper()
	var out bytes.Buffer
	p := Payments{Store: m, Today: today, Format: CSV, Rejects: &out, Batch: 2}
	sum, err = p.Run(t.Context(), file)
	return sum, rejected(t, &out), err
}

func TestCSV(t *testing.T) {
	a, b := rowOf(t, "A"), rowOf(t, "B")
	change := func(old, new string) string { return swap(t, a, old, new) }
	twice := func(n int) string { return strings.Repeat(change(";1900;A", fmt.Sprintf(";%d;A", n*1900)), n) }
	for _, row := range []struct {
		why, rows string
		added     int
		rejects   []string
	}{
		{"a header alone", "", 0, nil},
		{"a payment of two rows", twice(2), 1, nil},
		{"a NIR without its key is the same file", twice(2)[:len(twice(2))/2] + swap(t, twice(2)[len(twice(2))/2:], "1 85 05 75 990 001 29", "1850575990001"), 1, nil},
		{"a hundred rows", twice(100), 1, nil},
		{"a hundred and one", twice(101) + b, 1, []string{"2 lines COUNT"}},
		{"apostrophes, quotation marks and separators in a text", change("Consultation", `"Consultation; d'""urgence"""`), 1, nil},
		{"a break in a text is refused as in NDJSON, on each of its lines", change("Consultation", "\"Con\n\r\nsult\""), 0, []string{"2  CSV", "4  CSV"}},
		{"the next payment's line after it", change("Consultation", "\"Con\n\r\nsult\"") + swap(t, b, "2026-11-02", "2026-02-30"), 0, []string{"2  CSV", "4  CSV", "5 paidOn DATE"}},

		{"euros", change("3000;3000", "30,00;3000") + b, 1, []string{"2 lines[0].spentCents TYPE"}},
		{"a point", change(";1900;A", ";19.00;A"), 0, []string{"2 amountCents TYPE"}},
		{"a plus, which JSON has not either", change(";70;", ";+70;"), 0, []string{"2 lines[0].ratePercent TYPE"}},
		{"beyond 64 bits", change(";1900;A", ";19000000000000000000;A"), 0, []string{"2 amountCents TYPE"}},
		{"in the second row, told at the payment's first", twice(2)[:len(twice(2))/2] + swap(t, twice(2)[len(twice(2))/2:], "2100", "x"), 0, []string{"2 lines[1].reimbursedCents TYPE"}},
		{"no amount", change("3000;3000", ";3000"), 0, []string{"2 lines[0].spentCents MISSING"}},
		{"30 February", change("2026-10-28", "2026-02-30"), 0, []string{"2 lines[0].caredOn DATE"}},
		{"a wrong key of the NIR", change("001 29", "001 30"), 0, []string{"2 nir NIR"}},
		{"a rank of nobody", change("2017-09-03;;", ";2;"), 0, []string{"2 beneficiary.birthDate MISSING"}},
		{"parts that do not sum", change(";1900;A", ";1901;A"), 0, []string{"2 amountCents SUM"}},
		{"a professional by half", change("Dermatologue", ""), 0, []string{"2 lines[0].professional TEXT"}},
		{"broken UTF-8", change("Consultation", "Consult\xe9") + b, 1, []string{"2  UTF8"}},
		{"two fields that are UTF-8 only together", change("G;Consultation", "\xc3;\xa9"), 0, []string{"2  UTF8"}},

		{"a field too few", change("2026-10-28;", "") + b, 1, []string{"2  CSV"}},
		{"a field too many", change("2026-10-28;", "2026-10-28;;") + b, 1, []string{"2  CSV"}},
		{"a quotation mark within a field", change("Consultation", `12" pouces`) + b, 1, []string{"2  CSV"}},
		{"text after a closing one", change("Consultation", `"12" pouces`) + b, 1, []string{"2  CSV"}},
		{"one that never closes costs its line alone", change("Consultation", `"Consultation`) + b, 1, []string{"2  CSV"}},
		{"one that a quoted field further down seems to close", change("Consultation", `"Consultation`) + b + swap(t, rowOf(t, "C"), "Consultation", `"Consultation; urgence"`), 2, []string{"2  CSV"}},
		{"one that another stray one closes so that the fields are as many as they should be", change("Consultation", `"Consultation`) + b + swap(t, rowOf(t, "C"), "Consultation", `Consultation"`), 1, []string{"2  CSV", "4  CSV"}},
		{"one in the last line, without its break", b + strings.TrimSuffix(change("Consultation", `"Consultation`), "\n"), 1, []string{"3  CSV"}},
		{"a row of a megabyte", change("Consultation", strings.Repeat("x", maxLine)) + b, 1, []string{"2  LENGTH"}},
		{"quoted, and it never closes", change("Consultation", `"`+strings.Repeat("x", maxLine)) + b, 1, []string{"2  LENGTH"}},
		{"rows that are too long together", strings.Repeat(change("Consultation", strings.Repeat("x", 400<<10)), 3) + b, 1, []string{"2  LENGTH"}},

		{"rows that do not agree", a + change("VIR 1", "VIR 2") + b, 1, []string{"2 movement HEAD"}},
		{"a row that leaves the head out", a + change("ASSURE", "") + b, 1, []string{"2 recipient HEAD"}},
		{"rows that stand apart: neither part is the whole", twice(2)[:len(twice(2))/2] + b + twice(2)[len(twice(2))/2:], 1, []string{"2 amountCents SUM", "4 reference APART"}},
		{"the whole once more would take lines away", a + b + a, 2, []string{"4 reference APART"}},
		{"of another file, the same reference is another payment", a + swap(t, a, "1 85 05 75 990 001 29", "185057599000228"), 2, nil},
		{"a broken row within a payment", twice(2)[:len(twice(2))/2] + "\"x\"y\n" + twice(2)[len(twice(2))/2:] + b, 1, []string{"3  CSV", "2  CSV"}},
		{"and beside it", a + "\"x\"y\n" + b, 2, []string{"3  CSV"}},
	} {
		m := &memory{}
		sum, rejects, err := runCSV(t, m, strings.NewReader(header(";")+row.rows))
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
		}
		if got := sum.Added + sum.Corrected + sum.Unchanged; got != row.added || sum.Rejected != len(row.rejects) {
			t.Errorf("%s: %v", row.why, sum)
		}
		if diff := cmp.Diff(row.rejects, rejects); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

// TestCSVEarlierCare: what is wrong with the columns of earlier care is told by
// the fields that NDJSON has for it, and care that nothing is held back for is
// never passed over.
func TestCSVEarlierCare(t *testing.T) {
	for _, row := range []struct{ why, cells, want string }{
		{"a franchise of earlier care", "2026-09-14;Boîte;200", ""},
		{"nothing is held back", "2026-09-14;Boîte;", "2 lines[0].earlier MISSING"},
		{"nor where the care is named by half", ";Boîte;", "2 lines[0].earlier MISSING"},
		{"of no day", ";Boîte;200", "2 lines[0].retentions[0].of.caredOn MISSING"},
		{"of no care", "2026-09-14;;200", "2 lines[0].retentions[0].of.label TEXT"},
		{"no day of the calendar", "2026-02-30;Boîte;200", "2 lines[0].retentions[0].of.caredOn DATE"},
		{"euros", "2026-09-14;Boîte;2,00", "2 lines[0].earlier.franchiseCents TYPE"},
		{"a cent too much", "2026-09-14;Boîte;201", "2 lines[0].retainedCents SUM"},
	} {
		header := strings.TrimSuffix(header(";"), "\n") + ";earlier.caredOn;earlier.label;earlier.franchiseCents\n"
		_, rejects, err := runCSV(t, &memory{}, strings.NewReader(header+strings.TrimSuffix(goodRow, "\n")+";"+row.cells+"\n"))
		if got := strings.Join(rejects, ", "); err != nil || got != row.want {
			t.Errorf("%s: %q %v, want %q", row.why, got, err, row.want)
		}
	}
}

// TestCSVRejectsRepeatNothing: rejects go to a file that others read.
func TestCSVRejectsRepeatNothing(t *testing.T) {
	marked := strings.NewReplacer("A1", "CANARI", "VIR 1", "CANARI", "Consultation", "Canari", "3000", "4242").Replace(goodRow)
	var file strings.Builder
	for i, change := range [][2]string{
		{"4242;4242", "42,42;4242"}, {"4242;4242", "Canari;4242"}, {"001 29", "001 30"}, {"2026-11-02", "2026-02-30"}, {"ASSURE", "CANARI"},
		{"Canari", "Can\"ari"}, {"Canari", "Canari\xff"}, {"Canari", "Canari;Canari"}, {"1900", "4242"}, {"Canari;9", "\"Canari\n\";9"},
	} {
		file.WriteString(swap(t, swap(t, marked, "CANARI", "CANARI"+strconv.Itoa(i)), change[0], change[1]))
	}
	file.WriteString(marked + swap(t, marked, ";CANARI;2026", ";CANARI VIR;2026") + marked + `"` + marked)
	var rejects bytes.Buffer
	p := Payments{Store: &memory{}, Today: today, Rejects: &rejects}
	sum, err := p.Run(t.Context(), strings.NewReader(header(";")+file.String()))
	if err != nil || sum != (Summary{Rejected: 13}) {
		t.Errorf("%v %v, rejects:\n%s", sum, err, &rejects)
	}
	for _, secret := range []string{"ANARI", "anari", "4242", "42,42", "990 001", "990001", "2026-1", "2026-02-30", "2017-"} {
		if strings.Contains(rejects.String(), secret) {
			t.Errorf("%s is in %s", secret, &rejects)
		}
	}
}

// TestHeaders: a wrong header is one error, before anything is stored.
func TestHeaders(t *testing.T) {
	h := header(";")
	for _, row := range []struct{ why, file, want string }{
		{"an empty file", "", "is empty"},
		{"a mark alone", "\ufeff", "is empty"},
		{"a column that is missing", swap(t, h, "paidOn;", "") + goodRow, "lacks paidOn"},
		{"two", swap(t, swap(t, h, "paidOn;", ""), "act;", "") + goodRow, "lacks paidOn, act"},
		{"one that does not exist", swap(t, h, "paidOn", "paid_on") + goodRow, "column 6 of the header, paid_on, is none"},
		{"twice", swap(t, h, "movement", "NIR") + goodRow, "column 5 of the header, nir, comes twice"},
		{"no header: a value is not repeated", goodRow, "column 1 of the header has no name"},
		{"tabs", strings.ReplaceAll(h, ";", "\t"), "parted by ; or by commas"},
		{"UTF-16", "\xff\xfen\x00", "not UTF-8"},
		{"no end", `"` + h, "does not close"},
		{"too long", strings.Repeat("nir;", maxLine), "longer than"},
	} {
		m := &memory{}
		sum, rejects, err := runCSV(t, m, strings.NewReader(row.file))
		if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), "nothing was stored") || strings.Contains(err.Error(), "1 85") {
			t.Errorf("%s: %v", row.why, err)
		}
		if sum != (Summary{}) || rejects != nil || m.batches != nil {
			t.Errorf("%s: %v %v", row.why, sum, rejects)
		}
	}
}

// TestOptionalColumns: what is not needed may be left out of the header.
func TestOptionalColumns(t *testing.T) {
	file := "reference;nir;movement;paidOn;recipient;amountCents;complementary.state;caredOn;act;label;spentCents;baseCents;ratePercent;reimbursedCents;paidCents\n" +
		"A;185057599000129;VIR;2026-11-02;ASSURE;100;NONE;2026-11-02;G;Consultation;100;100;100;100;100\n"
	if sum, rejects, err := runCSV(t, &memory{}, strings.NewReader(file)); err != nil || sum != (Summary{Added: 1}) {
		t.Error(sum, rejects, err)
	}
}

// TestLongCSVInConstantMemory: neither a field nor a payment of any length is
// held.
func TestLongCSVInConstantMemory(t *testing.T) {
	begin, end, _ := strings.Cut(goodRow, "Consultation")
	long := io.MultiReader(strings.NewReader(begin+`"`), io.LimitReader(endless('x'), 64<<20), strings.NewReader(`"`+end))
	many := strings.NewReader(strings.Repeat(rowOf(t, "B"), 50_000))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sum, rejects, err := runCSV(t, &memory{}, io.MultiReader(strings.NewReader(header(";")), long, many, strings.NewReader(rowOf(t, "C"))))
	runtime.ReadMemStats(&after)
	if diff := cmp.Diff([]string{"2  LENGTH", "3  LENGTH"}, rejects); diff != "" || err != nil || sum.Added != 1 {
		t.Errorf("%v %v %s", sum, err, diff)
	}
	if took := int64(after.HeapAlloc) - int64(before.HeapAlloc); took > 64<<20 {
		t.Errorf("%d bytes are held", took)
	}
}

// TestStrayQuotationMark: of a long file, a quotation mark that does not close
// costs one row, whatever is quoted further down.
func TestStrayQuotationMark(t *testing.T) {
	var file strings.Builder
	file.WriteString(header(";"))
	for i := range 20_000 {
		row := rowOf(t, "R"+strconv.Itoa(i))
		switch i {
		case 9:
			row = swap(t, row, "Consultation", `"Doliprane 500`)
		case 18_999:
			row = swap(t, row, "Consultation", `"Doliprane; 500"`)
		}
		file.WriteString(row)
	}
	sum, rejects, err := runCSV(t, &memory{}, strings.NewReader(file.String()))
	if diff := cmp.Diff([]string{"11  CSV"}, rejects); diff != "" || err != nil || sum.Added != 19_999 {
		t.Errorf("%v %v %s", sum, err, diff)
	}
}

// TestKeysForget: the keys that are remembered are bounded.
func TestKeysForget(t *testing.T) {
	k := newKeys()
	for i := range maxKeys + 1 {
		if k.seen(key{reference: strconv.Itoa(i)}) {
			t.Fatalf("%d is taken for another", i)
		}
	}
	if !k.seen(key{reference: "1"}) || k.seen(key{reference: "0"}) || len(k.known) != maxKeys {
		t.Errorf("%d are remembered", len(k.known))
	}
}

// FuzzRows: any file is read to its end in bounded memory, and what encoding/csv
// reads without a line break in a field is read the same.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{"", "\n", "a;b\n", "\"a\n;\"\"b\";\r\nc", "\"", "a\"b\nc", "\"a\"b\nc", "\"a\"\r;b", "a\r", ";;\n", "\xff;", "\"\"\"\"\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		r := rows{in: bufio.NewReaderSize(bytes.NewReader(file), 16), separator: ';'}
		var got [][]string
		line, whole := 0, true
		for {
			row, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || row.line <= line || (row.fault == nil) == (row.fields == nil) {
				t.Fatalf("line %d after %d: %v %v", row.line, line, row, err)
			}
			line, whole = row.line, whole && row.fault == nil
			got = append(got, row.fields)
		}
		if lines := bytes.Count(file, []byte("\n")); r.line < lines || r.line > lines+1 {
			t.Fatalf("%d lines are counted as %d", lines, r.line)
		}
		plain := csv.NewReader(bytes.NewReader(file))
		plain.Comma, plain.FieldsPerRecord = ';', -1
		want, err := plain.ReadAll()
		breaks := slices.ContainsFunc(slices.Concat(want...), func(f string) bool { return strings.Contains(f, "\n") })
		if whole != (err == nil && !breaks) && !bytes.ContainsAny(file, "\r") && bytes.Equal(bytes.ToValidUTF8(file, nil), file) {
			t.Fatalf("%q: %v, %v", file, got, err)
		}
		blank := func(row []string) bool { return len(row) == 1 && row[0] == "" } // encoding/csv passes over empty lines
		got, want = slices.DeleteFunc(got, blank), slices.DeleteFunc(want, blank)
		if whole && err == nil && !bytes.ContainsAny(file, "\r") && fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("%q was read as %q, not %q", file, got, want)
		}
	})
}

// FuzzCSV: no rows of any kind stop a run or are rejected without a reason.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{goodRow, goodRow + goodRow, ";;\n", "\"\n", "a\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rows string) {
		if _, _, err := runCSV(t, &memory{}, strings.NewReader(header(";")+rows)); err != nil {
			t.Fatal(err)
		}
	})
}
