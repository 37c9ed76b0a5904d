package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
)

// memory is a store of references.
type memory struct {
	batches [][]string
	amounts map[string]int64
	by      string
	store   func(batch int) error // called before each batch, from 1; nil is legal
}

// RecordPayments implements Recorder. References that begin with X are of
// nobody.
func (m *memory) RecordPayments(_ context.Context, by string, records []domain.PaymentRecord) ([]domain.Recorded, error) {
	if m.store != nil {
		if err := m.store(len(m.batches) + 1); err != nil {
			return nil, err
		}
	}
	m.by = by
	var batch []string
	out := make([]domain.Recorded, len(records))
	for i, r := range records {
		was, known := m.amounts[r.Reference]
		switch {
		case r.Reference[0] == 'X':
			out[i] = domain.Recorded{Outcome: domain.OutcomeRejected, Fault: &domain.Fault{Field: "nir", Code: "UNKNOWN", Reason: "no file has this NIR", Mend: "open the file first"}}
			continue
		case !known:
			out[i].Outcome = domain.OutcomeAdded
		case was != int64(r.Amount):
			out[i].Outcome = domain.OutcomeCorrected
		default:
			out[i].Outcome = domain.OutcomeUnchanged
		}
		if m.amounts == nil {
			m.amounts = make(map[string]int64)
		}
		m.amounts[r.Reference] = int64(r.Amount)
		batch = append(batch, r.Reference)
	}
	m.batches = append(m.batches, batch)
	return out, nil
}

// of is a good line of a reference.
func of(t testing.TB, reference string) string {
	t.Helper()
	return with(t, `"A1"`, `"`+reference+`"`)
}

// run takes a file in, in batches of two, and gives the rejected lines as line,
// field and code.
func run(t testing.TB, m *memory, file io.Reader) (sum Summary, rejects []string, err error) {
	t.Helper()
	var out bytes.Buffer
	p := Payments{Store: m, By: "test", Today: today, Format: NDJSON, Rejects: &out, Batch: 2}
	sum, err = p.Run(t.Context(), file)
	return sum, rejected(t, &out), err
}

// rejected reads a rejects file, as line, field and code.
func rejected(t testing.TB, file io.Reader) (list []string) {
	t.Helper()
	for d := json.NewDecoder(file); d.More(); {
		var r Reject
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.Reason == "" || r.Mend == "" {
			t.Errorf("line %d is rejected without a reason or a mend", r.Line)
		}
		list = append(list, fmt.Sprintf("%d %s %s", r.Line, r.Field, r.Code))
	}
	return list
}

func TestRun(t *testing.T) {
	a, b, c := of(t, "A"), of(t, "B"), of(t, "C")
	corrected := strings.NewReplacer(`"retainedCents":200`, `"retainedCents":100`, "1900", "2000").Replace(a)
	for _, row := range []struct {
		why, file string
		sum       Summary
		batches   [][]string
		rejects   []string
	}{
		{"nothing", "", Summary{}, nil, nil},
		{"blank lines, of every kind of blank", "\n  \n\t\r\n\n", Summary{}, nil, nil},
		{"a last line without its end", a + "\n" + b, Summary{Added: 2}, [][]string{{"A", "B"}}, nil},
		{"one that has it", a + "\n" + b + "\n", Summary{Added: 2}, [][]string{{"A", "B"}}, nil},
		{"a file of Windows, with its byte order mark", "\ufeff" + a + "\r\n" + b + "\r\n", Summary{Added: 2}, [][]string{{"A", "B"}}, nil},
		{"a mark and nothing", "\ufeff", Summary{}, nil, nil},
		{"a mark elsewhere is no blank", a + "\n\ufeff" + b, Summary{Added: 1, Rejected: 1}, [][]string{{"A"}}, []string{"2  JSON"}},
		{"a file of an old Mac is one line", a + "\r" + b, Summary{Rejected: 1}, nil, []string{"1  JSON"}},
		{"batches", a + "\n" + b + "\n" + c, Summary{Added: 3}, [][]string{{"A", "B"}, {"C"}}, nil},
		{"a batch that ends with the file", a + "\n" + b + "\n" + c + "\n" + of(t, "D"), Summary{Added: 4}, [][]string{{"A", "B"}, {"C", "D"}}, nil},
		{"the same twice and a correction", a + "\n" + a + "\n" + corrected, Summary{Added: 1, Unchanged: 1, Corrected: 1}, [][]string{{"A", "A"}, {"A"}}, nil},
		{"a bad line stops nothing, and blank lines count", a + "\n\n{\n" + b, Summary{Added: 2, Rejected: 1}, [][]string{{"A", "B"}}, []string{"3  JSON"}},
		{"a bad last line", a + "\n" + b[:40], Summary{Added: 1, Rejected: 1}, [][]string{{"A"}}, []string{"2  JSON"}},
		{"one that the store refuses", of(t, "X") + "\n" + a + "\n" + of(t, "X2"), Summary{Added: 1, Rejected: 2}, [][]string{{"A"}, nil}, []string{"1 nir UNKNOWN", "3 nir UNKNOWN"}},
		{"a line that is too long", a + "\n" + strings.Repeat(" ", maxLine) + "\n" + b, Summary{Added: 2, Rejected: 1}, [][]string{{"A", "B"}}, []string{"2  LENGTH"}},
		{"the longest line", a + "\n" + strings.Repeat(" ", maxLine-len(b)-1) + b + "\n", Summary{Added: 2}, [][]string{{"A", "B"}}, nil},
		{"one byte more", a + "\n" + strings.Repeat(" ", maxLine-len(b)) + b + "\n", Summary{Added: 1, Rejected: 1}, [][]string{{"A"}}, []string{"2  LENGTH"}},
		{"too long and the last", strings.Repeat("x", maxLine+1), Summary{Rejected: 1}, nil, []string{"1  LENGTH"}},
	} {
		for _, file := range []io.Reader{strings.NewReader(row.file), iotest.DataErrReader(strings.NewReader(row.file))} {
			m := &memory{}
			sum, rejects, err := run(t, m, file)
			if err != nil {
				t.Errorf("%s: %v", row.why, err)
			}
			if diff := cmp.Diff(row.sum, sum) + cmp.Diff(row.batches, m.batches) + cmp.Diff(row.rejects, rejects); diff != "" {
				t.Errorf("%s: %s", row.why, diff)
			}
		}
	}
}

func TestRunByBytes(t *testing.T) {
	m := &memory{}
	sum, _, err := run(t, m, iotest.OneByteReader(strings.NewReader("\ufeff"+of(t, "A")+"\r\n\r\n"+of(t, "B"))))
	if diff := cmp.Diff(Summary{Added: 2}, sum); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if m.by != "test" {
		t.Errorf("the sender is %q", m.by)
	}
	if got := sum.String(); got != "2 added, 0 corrected, 0 unchanged, 0 rejected" {
		t.Errorf("told as %q", got)
	}
}

// lines is a file of good lines A, B, C…
func lines(t testing.TB, n int) string {
	t.Helper()
	var file strings.Builder
	for i := range n {
		file.WriteString(of(t, string(rune('A'+i))) + "\n")
	}
	return file.String()
}

// TestStopped: whatever stops a run, the summary counts what the store holds,
// and the error tells to run again.
func TestStopped(t *testing.T) {
	boom := errors.New("boom")
	failing := func(n int) func(int) error {
		return func(batch int) error {
			if batch == n {
				return boom
			}
			return nil
		}
	}
	for _, row := range []struct {
		why   string
		store func(int) error
		file  io.Reader
		sum   Summary
		where string
	}{
		{"the store fails at once", failing(1), strings.NewReader(lines(t, 5)), Summary{}, "lines 1 to 2"},
		{"in the middle", failing(2), strings.NewReader(lines(t, 5)), Summary{Added: 2}, "lines 3 to 4"},
		{"at the end", failing(3), strings.NewReader(lines(t, 5)), Summary{Added: 4}, "lines 5 to 5"},
		{"with a line number that counts blank and bad ones", failing(1), strings.NewReader("\n{\n" + lines(t, 3)), Summary{Rejected: 1}, "lines 3 to 4"},
		{"the file cannot be read on", nil, io.MultiReader(strings.NewReader(lines(t, 3)), iotest.ErrReader(boom)), Summary{Added: 3}, "line 4"},
		{"within a line", nil, io.MultiReader(strings.NewReader(lines(t, 3)+"{"), iotest.ErrReader(boom)), Summary{Added: 3}, "line 4"},
		{"a packed file is cut: not its end", nil, io.MultiReader(strings.NewReader(lines(t, 3)), iotest.ErrReader(io.ErrUnexpectedEOF)), Summary{Added: 3}, "line 4"},
	} {
		m := &memory{store: row.store}
		sum, _, err := run(t, m, row.file)
		if diff := cmp.Diff(row.sum, sum); diff != "" || len(m.amounts) != sum.Added {
			t.Errorf("%s: the store holds %d: %s", row.why, len(m.amounts), diff)
		}
		if err == nil || !strings.Contains(err.Error(), row.where+":") || !strings.Contains(err.Error(), "run the file again") {
			t.Errorf("%s: %v", row.why, err)
		}
		if !errors.Is(err, boom) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: the cause is lost: %v", row.why, err)
		}
	}
}

// fullDisk is a writer of rejects with room for some.
type fullDisk struct{ room int }

func (f *fullDisk) Write(b []byte) (int, error) {
	if f.room--; f.room < 0 {
		return 0, os.ErrPermission
	}
	return len(b), nil
}

func TestRejectsThatFail(t *testing.T) {
	for _, row := range []struct {
		why, file string
		room      int
		sum       Summary
	}{
		{"a bad form: the batch before it is not stored yet", of(t, "A") + "\n{\n" + of(t, "B"), 0, Summary{Rejected: 1}},
		{"one that the store refused: all of its batch is stored and counted", of(t, "X") + "\n" + of(t, "A") + "\n" + of(t, "B"), 0, Summary{Added: 1, Rejected: 1}},
		{"the second reject", "{\n{\n" + of(t, "A"), 1, Summary{Rejected: 2}},
	} {
		m := &memory{}
		p := Payments{Store: m, Today: today, Rejects: &fullDisk{row.room}, Batch: 2}
		sum, err := p.Run(t.Context(), strings.NewReader(row.file))
		if diff := cmp.Diff(row.sum, sum); diff != "" || len(m.amounts) != sum.Added {
			t.Errorf("%s: the store holds %d: %s", row.why, len(m.amounts), diff)
		}
		if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "run the file again") {
			t.Errorf("%s: %v", row.why, err)
		}
	}
}

// TestCanceled: a run stops though neither the file nor the store heeds the
// context.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := &memory{store: func(batch int) error {
		if batch == 2 {
			cancel()
		}
		return nil
	}}
	p := Payments{Store: m, Today: today, Rejects: io.Discard, Batch: 2}
	sum, err := p.Run(ctx, strings.NewReader(lines(t, 9)))
	if diff := cmp.Diff(Summary{Added: 4}, sum); diff != "" || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "line 5") {
		t.Errorf("%v %s", err, diff)
	}
	p.Store = &memory{}
	if sum, err := p.Run(ctx, strings.NewReader(strings.Repeat("{\n", 9))); !errors.Is(err, context.Canceled) || sum != (Summary{}) {
		t.Errorf("bad lines alone: %v %v", sum, err)
	}
}

// TestDefaultBatch: without a size, two thousand records a transaction.
func TestDefaultBatch(t *testing.T) {
	m := &memory{}
	p := Payments{Store: m, Today: today, Rejects: io.Discard}
	sum, err := p.Run(t.Context(), strings.NewReader(strings.Repeat(good+"\n", 2001)))
	if err != nil || len(m.batches) != 2 || len(m.batches[0]) != 2000 || sum.Unchanged != 2000 {
		t.Errorf("%v %v in %d batches", err, sum, len(m.batches))
	}
}

// TestRejectsRepeatNothing: rejects go to a file that others read. Each bad
// line is full of marked values, of which none may be in it.
func TestRejectsRepeatNothing(t *testing.T) {
	secrets := []string{"185057599000129", "1 85 05", "990001", "2017-09-03", "2026-11-02", "CANARI", "Canari", "4242", "73737"}
	marked := strings.NewReplacer("A1", "CANARI1", "VIR 1", "CANARI VIR", "Consultation", "Canari label", "Dr Hélène d'Aubigné", "Dr Canari",
		"Dermatologue", "Canarilogue", "3000", "4242", "1900", "73737", "2100", "73937", "99700000003", "CANARI3", "99000001", "CANARI4").Replace(good)
	var file strings.Builder
	for _, change := range [][2]string{
		{`"ASSURE"`, `"ASSURE"`}, {`01 29"`, `01 30"`}, {`990 001`, `99O 001`}, {`2017-09-03`, `2017-09-031`}, {`2017-09-03"`, `2017-09-03","rank":4242`},
		{`CANARI1`, `CANARI1\n`}, {`CANARI VIR`, `\u0000CANARI`}, {`2026-11-02`, `2026-11-02T`}, {`2026-11-02`, `2099-11-02`}, {`"ASSURE"`, `"CANARI"`},
		{`"amountCents":73737`, `"amountCents":73736`}, {`"amountCents":73737`, `"amountCents":73737.4242`}, {`"amountCents":73737`, `"amountCents":"73737"`},
		{`"amountCents":73737`, `"amountCents":7373700000000`}, {`2026-10-28`, `2026-11-03`}, {`"G"`, `"CANARI-ACT-TOO-LONG"`},
		{`Canari label`, `Canari\u0007`}, {`Dr Canari`, `Dr Canari `}, {`"ratePercent":70`, `"ratePercent":4242`}, {`"retainedCents":200`, `"retainedCents":-73737`},
		{`"paidCents":73737`, `"paidCents":4242`}, {`"AWAITED"`, `"CANARI"`}, {`"AWAITED"`, `"NONE"`}, {`"AWAITED"`, `"AWAITED","amountCents":73737`},
		{`"movement"`, `"185057599000129"`}, {`"movement"`, `"Canari Dupont"`}, {`"CANARI VIR"`, `{"CANARI":{"x":"Canari"}}`}, {`"CANARI VIR"`, `"CANARI`},
		{`"nir"`, `"nir":"185057599000129","nir"`}, {`Canari label`, "Canari\xff"}, {`}}`, `}} "CANARI"`},
	} {
		if !strings.Contains(marked, change[0]) {
			t.Fatalf("%s is not in the line", change[0])
		}
		file.WriteString(strings.Replace(marked, change[0], change[1], 1) + "\n")
	}
	var rejects bytes.Buffer
	p := Payments{Store: &memory{}, Today: today, Rejects: &rejects}
	sum, err := p.Run(t.Context(), strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	if sum.Added != 1 || sum.Rejected != strings.Count(file.String(), "\n")-1 { // the first is the good one
		t.Errorf("%v, rejects:\n%s", sum, &rejects)
	}
	for line := range strings.Lines(rejects.String()) {
		for _, s := range secrets {
			if strings.Contains(line, s) {
				t.Errorf("%s shows %s", line, s)
			}
		}
	}
}

// TestLongLineInConstantMemory: a line of any length is read over.
func TestLongLineInConstantMemory(t *testing.T) {
	const length = 256 << 20
	file := io.MultiReader(strings.NewReader(`{"nir":"`), io.LimitReader(endless('x'), length), strings.NewReader("\"}\n"+of(t, "A")))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	sum, rejects, err := run(t, &memory{}, file)
	runtime.ReadMemStats(&after)
	if diff := cmp.Diff([]string{"1  LENGTH"}, rejects); diff != "" || err != nil || sum.Added != 1 {
		t.Errorf("%v %v %s", sum, err, diff)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
		t.Errorf("%d bytes were allocated for a line of %d", took, length)
	}
}

// endless is a file of one byte.
type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

func FuzzReadLine(f *testing.F) {
	for _, seed := range []string{"", "\n", "a", "a\nb", "a\r\n\r\nb\n", "\x00\n\xff", strings.Repeat("x", 40) + "\n" + strings.Repeat("y", 16) + "\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		var got [][]byte
		r := bufio.NewReaderSize(bytes.NewReader(file), 16) // lines go over its end
		for {
			text, fault, err := readLine(r)
			if fault != nil || (err != nil && !errors.Is(err, io.EOF)) {
				t.Fatal(fault, err)
			}
			got = append(got, slices.Clone(text))
			if err != nil {
				break
			}
		}
		want := bytes.SplitAfter(file, []byte("\n"))
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("%q was read as %q", file, got)
		}
	})
}
