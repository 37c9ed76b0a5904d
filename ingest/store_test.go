package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/money"
	"comptesante/ingest"
)

const today = "2026-11-23"

// house is a database with two files: the first with a child and twins, the
// second of one person.
type house struct {
	db    *db.DB
	name  string
	first domain.ID
}

func open(t testing.TB) *house {
	t.Helper()
	h := &house{}
	h.db, h.name = dbtest.Open(t)
	r := dbtest.AddReference(t, h.db)
	if _, err := h.db.SetMutuelle(t.Context(), domain.Mutuelle{Code: "99000002", Name: "Mutuelle des Deux Rives"}); err != nil { // of the same name
		t.Fatal(err)
	}
	child := func(name, born string, rank int) domain.Beneficiary {
		return domain.Beneficiary{Relation: domain.Child, GivenName: name, FamilyName: "N'Diaye", BirthDate: dbtest.Day(t, born), BirthRank: rank}
	}
	var err error
	h.first, err = h.db.AddFile(t.Context(), "test", db.NewFile{
		Assure:   domain.Assure{NIR: dbtest.NIR(t, 0), FamilyName: "N'Diaye", GivenName: "Aïssatou", BirthDate: dbtest.Day(t, "1985-05-14"), Caisse: domain.Caisse{ID: domain.ID{Key: r.Caisse}}},
		Children: []domain.Beneficiary{child("Léa", "2017-09-03", 1), child("Awa", "2020-02-29", 1), child("Moussa", "2020-02-29", 2)},
	})
	if err != nil {
		t.Fatal(err)
	}
	dbtest.AddFile(t, h.db, 1)
	return h
}

// line is one consultation of the i-th person.
func line(t testing.TB, i int, reference, paidOn string) ingest.Line {
	t.Helper()
	cents := func(n money.Cents) *money.Cents { return &n }
	rate, town := 70, "L'Haÿ-les-Roses"
	return ingest.Line{
		NIR: dbtest.NIR(t, i).Reveal(), Reference: reference, Movement: "VIR " + paidOn, PaidOn: paidOn, Recipient: "ASSURE", AmountCents: cents(1900),
		Lines: []ingest.Act{{CaredOn: "2026-01-28", Act: "G", Label: "Consultation à l'œil nu",
			Professional: &ingest.Professional{Number: "99700000003", Name: "Dr Hélène d'Aubigné", Specialty: "Dermatologue", Town: &town},
			SpentCents:   cents(3000), BaseCents: cents(3000), RatePercent: &rate, ReimbursedCents: cents(2100), RetainedCents: 200, PaidCents: cents(1900)}},
		Complementary: ingest.Part{State: "AWAITED", Mutuelle: dbtest.MutuelleCode},
	}
}

// of is line for a child.
func of(t testing.TB, reference, born string, rank int) ingest.Line {
	t.Helper()
	l := line(t, 0, reference, "2026-11-02")
	l.Beneficiary = &ingest.Beneficiary{BirthDate: born, Rank: rank}
	return l
}

// take takes lines in, in batches of two, and gives the rejects.
func (h *house) take(t testing.TB, lines ...ingest.Line) (ingest.Summary, []string) {
	t.Helper()
	var rejects bytes.Buffer
	p := ingest.Payments{Store: h.db, By: "test", Today: dbtest.Day(t, today), Rejects: &rejects, Batch: 2}
	sum, err := p.Run(t.Context(), file(t, lines...))
	if err != nil {
		t.Fatal(err)
	}
	return sum, ingest.Rejected(t, &rejects)
}

func file(t testing.TB, lines ...ingest.Line) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	for _, l := range lines {
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(text, '\n'))
	}
	return &b
}

// payments is what is stored of all payments but the numbers that the database
// gave them.
func (h *house) payments(t testing.TB) []string {
	t.Helper()
	return dbtest.Texts(t, db.Owner, h.name, `
		SELECT concat_ws(' ', p.assure_id, p.beneficiary_id, p.reference, p.movement, p.paid_on, p.recipient, p.amount_cents,
		         p.complementary, p.complementary_cents, p.complementary_paid_on, m.code, p.revision, encode(k.digest, 'hex'),
		         (SELECT json_agg(json_build_array(l.position, l.cared_on, a.code, a.label, f.number, l.spent_cents, l.base_cents, l.rate,
		            l.reimbursed_cents, l.retained_cents, l.paid_cents) ORDER BY l.position)
		          FROM payment_lines l JOIN acts a ON a.id = l.act_id LEFT JOIN professionals f ON f.id = l.professional_id WHERE l.assure_id = p.assure_id AND l.payment_id = p.id))
		FROM payments p JOIN payment_keys k ON k.assure_id = p.assure_id AND k.payment_id = p.id LEFT JOIN mutuelles m ON m.id = p.mutuelle_id
		ORDER BY p.assure_id, p.reference`)
}

// events is what the feeds tell, in their order.
func (h *house) events(t testing.TB) []string {
	t.Helper()
	return dbtest.Texts(t, db.Owner, h.name, `
		SELECT concat_ws(' ', e.assure_id, e.seq, e.kind, p.reference, e.beneficiary_id, e.changes)
		FROM feed_events e JOIN payments p ON p.assure_id = e.assure_id AND p.id = e.payment_id ORDER BY e.assure_id, e.seq`)
}

func TestSameFileTwice(t *testing.T) {
	h := open(t)
	lines := []ingest.Line{line(t, 0, "A", "2026-11-02"), line(t, 1, "A", "2026-11-02"), of(t, "B", "2017-09-03", 0)}
	if sum, rejects := h.take(t, lines...); sum != (ingest.Summary{Added: 3}) {
		t.Fatal(sum, rejects)
	}
	payments, events := h.payments(t), h.events(t)
	if sum, rejects := h.take(t, lines...); sum != (ingest.Summary{Unchanged: 3}) {
		t.Error(sum, rejects)
	}
	if diff := cmp.Diff(payments, h.payments(t)) + cmp.Diff(events, h.events(t)); diff != "" {
		t.Error(diff)
	}
}

// TestCorrections: each line changes one thing of a payment that is there.
func TestCorrections(t *testing.T) {
	h := open(t)
	var amount money.Cents = 900
	for _, row := range []struct {
		why    string
		change func(l *ingest.Line)
		want   string // fields changed
	}{
		{"a late part of the mutuelle", func(l *ingest.Line) {
			l.Complementary = ingest.Part{State: "KNOWN", Mutuelle: dbtest.MutuelleCode, AmountCents: &amount, PaidOn: "2026-11-20"}
		}, "complementary complementary.amount complementary.paidOn"},
		{"of another mutuelle with the same name", func(l *ingest.Line) { l.Complementary.Mutuelle = "99000002" }, "complementary.mutuelle"},
		{"the movement", func(l *ingest.Line) { l.Movement = "VIR 2" }, "movement.reference"},
		{"to whom", func(l *ingest.Line) { l.Recipient = "PROFESSIONAL" }, "recipient"},
		{"the label of the line", func(l *ingest.Line) { l.Lines[0].Label = "Téléconsultation" }, "lines.0.label"},
		{"the professional", func(l *ingest.Line) { l.Lines[0].Professional = nil }, "lines.0.professional"},
	} {
		reference := row.why
		l := line(t, 0, reference, "2026-11-02")
		h.take(t, l)
		row.change(&l)
		for i, want := range []ingest.Summary{{Corrected: 1}, {Unchanged: 1}} {
			if sum, rejects := h.take(t, l); sum != want {
				t.Errorf("%s: time %d: %v %v", row.why, i+2, sum, rejects)
			}
		}
		page := h.page(t)
		at := slices.IndexFunc(page, func(p domain.Payment) bool { return p.Reference == reference })
		if at < 0 || page[at].Revision != 1 {
			t.Fatalf("%s: %+v", row.why, page)
		}
		var fields []string
		for _, c := range h.last(t).Fact.(*domain.PaymentFact).Changes {
			fields = append(fields, c.Field)
		}
		if diff := cmp.Diff(row.want, strings.Join(fields, " ")); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

// last is the last event of the first file.
func (h *house) last(t testing.TB) domain.Event {
	t.Helper()
	key := domain.FeedKey{Assure: h.first.Assure, Feed: domain.FeedPayments}
	events, err := h.db.FeedEvents(t.Context(), []domain.FeedFrom{{FeedKey: key}}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	told := events[key].Events
	return told[len(told)-1]
}

// page is the history of the first file, everybody's.
func (h *house) page(t testing.TB) []domain.Payment {
	t.Helper()
	q := domain.PageQuery{Limit: domain.MaxPage, Needs: domain.AllNeeds}
	if err := q.SetPeriod(dbtest.Day(t, today), nil, nil); err != nil {
		t.Fatal(err)
	}
	sight := actor.Sight{Assure: h.first.Assure}
	for _, id := range dbtest.Texts(t, db.Owner, h.name, `SELECT id::text FROM beneficiaries`) {
		n, _ := strconv.ParseInt(id, 10, 64)
		sight.Beneficiaries = append(sight.Beneficiaries, n)
	}
	page := dbtest.Page(t, h.db, sight, q)
	return page.Payments
}

// TestTextsSurvive: apostrophes, accents and ligatures come back as sent.
func TestTextsSurvive(t *testing.T) {
	h := open(t)
	h.take(t, of(t, "Réf. n'1 — ½", "2017-09-03", 0))
	page := h.page(t)
	if len(page) != 1 {
		t.Fatalf("%d payments", len(page))
	}
	p, l := page[0], page[0].Lines[0]
	got := []string{p.Reference, p.Beneficiary.GivenName, p.Beneficiary.FamilyName, l.Label, l.Professional.Name, *l.Professional.Town}
	want := []string{"Réf. n'1 — ½", "Léa", "N'Diaye", "Consultation à l'œil nu", "Dr Hélène d'Aubigné", "L'Haÿ-les-Roses"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBeneficiaries(t *testing.T) {
	h := open(t)
	for _, row := range []struct {
		why  string
		line ingest.Line
		want string // given name, or what is wrong
	}{
		{"the assuré", line(t, 0, "A", "2026-11-02"), "Aïssatou"},
		{"a child", of(t, "B", "2017-09-03", 0), "Léa"},
		{"a child with a rank", of(t, "C", "2017-09-03", 1), "Léa"},
		{"the first of twins", of(t, "D", "2020-02-29", 0), "Awa"},
		{"the second", of(t, "E", "2020-02-29", 2), "Moussa"},
		{"a third that is not there", of(t, "F", "2020-02-29", 3), "1 beneficiary UNKNOWN"},
		{"the day after a birth", of(t, "G", "2020-03-01", 1), "1 beneficiary UNKNOWN"},
		{"the assuré named by their own day of birth, as some senders always do", of(t, "H", "1985-05-14", 1), "Aïssatou"},
	} {
		sum, rejects := h.take(t, row.line)
		got := strings.Join(rejects, " ")
		if sum.Added == 1 {
			at := slices.IndexFunc(h.page(t), func(p domain.Payment) bool { return p.Reference == row.line.Reference })
			got = h.page(t)[at].Beneficiary.GivenName
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

// TestFixed: what a correction may not change is rejected, and the payment
// stays.
func TestFixed(t *testing.T) {
	h := open(t)
	h.take(t, line(t, 0, "A", "2026-11-02"))
	before := h.payments(t)
	for why, row := range map[string]struct {
		line ingest.Line
		want []string
	}{
		"the day before":         {line(t, 0, "A", "2026-11-01"), []string{"1 paidOn FIXED"}},
		"the day after":          {line(t, 0, "A", "2026-11-03"), []string{"1 paidOn FIXED"}},
		"a child":                {of(t, "A", "2017-09-03", 0), []string{"1 beneficiary FIXED"}},
		"a NIR that has no file": {line(t, 2, "A", "2026-11-02"), []string{"1 nir UNKNOWN"}},
	} {
		sum, rejects := h.take(t, row.line)
		if diff := cmp.Diff(row.want, rejects); diff != "" || sum != (ingest.Summary{Rejected: 1}) {
			t.Errorf("%s: %v %s", why, sum, diff)
		}
	}
	if diff := cmp.Diff(before, h.payments(t)); diff != "" {
		t.Error(diff)
	}
}

// TestTwiceInOneFile: within a batch and over its end, the later line counts.
func TestTwiceInOneFile(t *testing.T) {
	h := open(t)
	a, b := line(t, 0, "A", "2026-11-02"), line(t, 0, "A", "2026-11-02")
	b.Movement = "VIR 2"
	other := line(t, 1, "A", "2026-11-02") // the same reference of another file is another payment
	if sum, rejects := h.take(t, a, b, other, a, a, b); sum != (ingest.Summary{Added: 2, Corrected: 3, Unchanged: 1}) {
		t.Error(sum, rejects)
	}
	if page := h.page(t); len(page) != 1 || page[0].Movement.Reference != "VIR 2" || page[0].Revision != 3 {
		t.Errorf("%+v", page)
	}
}

// TestOrderDoesNotMatter: distinct payments make the same history in whatever
// order and batches they come.
func TestOrderDoesNotMatter(t *testing.T) {
	lines := []ingest.Line{line(t, 0, "A", "2026-11-02"), line(t, 1, "A", "2026-11-02"), of(t, "B", "2017-09-03", 0),
		of(t, "C", "2020-02-29", 2), line(t, 1, "D", "2026-10-02"), line(t, 0, "E", "2024-02-29")}
	lines[5].Lines[0].CaredOn = "2024-02-29"
	straight, reversed := open(t), open(t)
	straight.take(t, lines...)
	slices.Reverse(lines)
	reversed.take(t, lines[:3]...)
	reversed.take(t, lines[2:]...)
	if diff := cmp.Diff(straight.payments(t), reversed.payments(t)); diff != "" || len(straight.payments(t)) != len(lines) {
		t.Error(diff)
	}
}

// stopping is a store that stops everything before its n-th batch.
type stopping struct {
	*db.DB
	n    atomic.Int64
	stop func()
}

func (s *stopping) RecordPayments(ctx context.Context, by string, records []domain.PaymentRecord) ([]domain.Recorded, error) {
	if s.n.Add(-1) == 0 {
		s.stop()
	}
	return s.DB.RecordPayments(ctx, by, records)
}

// TestStoppedAndRunAgain: a run that was stopped anywhere and run again ends in
// what one run makes, its events included.
func TestStoppedAndRunAgain(t *testing.T) {
	lines := []ingest.Line{line(t, 0, "A", "2026-11-02"), line(t, 1, "A", "2026-11-02"), of(t, "B", "2017-09-03", 0), line(t, 3, "N", "2026-11-02"),
		of(t, "C", "2020-02-29", 2), line(t, 1, "D", "2026-10-02"), line(t, 0, "E", "2026-10-02")}
	once := open(t)
	once.take(t, lines...)
	for _, writers := range []int{1, 2} {
		for n := 1; n <= 4; n++ {
			h := open(t)
			ctx, cancel := context.WithCancel(t.Context())
			store := &stopping{DB: h.db, stop: cancel}
			store.n.Store(int64(n))
			p := ingest.Payments{Store: store, By: "test", Today: dbtest.Day(t, today), Rejects: &bytes.Buffer{}, Batch: 2, Writers: writers}
			sum, err := p.Run(ctx, file(t, lines...))
			// Of two writers, the other may be about to commit: that is not counted.
			if writers == 1 && (!errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "run the file again") || sum.Added != len(h.payments(t))) {
				t.Errorf("stopped before batch %d: %v %v", n, sum, err)
			}
			cancel()
			h.take(t, lines...)
			if diff := cmp.Diff(once.payments(t), h.payments(t)) + cmp.Diff(once.events(t), h.events(t)); diff != "" {
				t.Errorf("%d writers stopped before batch %d: %s", writers, n, diff)
			}
		}
	}
}

// TestManyWriters: however many store at once, what the file says twice of a
// payment takes effect in its order, and each feed tells all in a row.
func TestManyWriters(t *testing.T) {
	var lines []ingest.Line
	for movement := range 8 {
		for _, reference := range []string{"A", "B", "C"} {
			for i := range 2 {
				l := line(t, i, reference, "2026-11-02")
				l.Movement = fmt.Sprintf("VIR %d", movement)
				lines = append(lines, l)
			}
		}
	}
	for _, writers := range []int{1, 2, 5} {
		h := open(t)
		p := ingest.Payments{Store: h.db, By: "test", Today: dbtest.Day(t, today), Rejects: &bytes.Buffer{}, Batch: 2, Writers: writers}
		sum, err := p.Run(t.Context(), file(t, lines...))
		if err != nil || sum != (ingest.Summary{Added: 6, Corrected: 42}) {
			t.Errorf("%d writers: %v %v", writers, sum, err)
		}
		got := dbtest.Texts(t, db.Owner, h.name, `SELECT DISTINCT concat_ws(' ', movement, revision) FROM payments`)
		feeds := dbtest.Texts(t, db.Owner, h.name, `SELECT concat_ws(' ', f.last, count(*), max(e.seq)) FROM feeds f JOIN feed_events e USING (assure_id, feed) GROUP BY f.assure_id, f.feed, f.last`)
		if diff := cmp.Diff([]string{"VIR 7 7"}, got) + cmp.Diff([]string{"24 24 24", "24 24 24"}, feeds); diff != "" {
			t.Errorf("%d writers: %s", writers, diff)
		}
	}
}

// TestSameFileAtOnce: two runs of one file at the same time make what one
// makes, whoever comes first.
func TestSameFileAtOnce(t *testing.T) {
	var lines []ingest.Line
	for i := range 40 {
		lines = append(lines, line(t, i%2, fmt.Sprintf("R%02d", i/2), "2026-11-02"))
	}
	once, h := open(t), open(t)
	once.take(t, lines...)
	type result struct {
		sum ingest.Summary
		err error
	}
	done := make(chan result, 3)
	for range cap(done) {
		go func() {
			p := ingest.Payments{Store: h.db, By: "test", Today: dbtest.Day(t, today), Rejects: &bytes.Buffer{}, Batch: 5}
			sum, err := p.Run(context.Background(), file(t, lines...))
			done <- result{sum, err}
		}()
	}
	var total ingest.Summary
	for range cap(done) {
		r := <-done
		if r.err != nil {
			t.Error(r.err)
		}
		total.Added, total.Unchanged = total.Added+r.sum.Added, total.Unchanged+r.sum.Unchanged
	}
	if diff := cmp.Diff(ingest.Summary{Added: 40, Unchanged: 80}, total) + cmp.Diff(once.payments(t), h.payments(t)); diff != "" {
		t.Error(diff)
	}
	if got := dbtest.Texts(t, db.Owner, h.name, `SELECT concat_ws(' ', last) FROM feeds`); !cmp.Equal(got, []string{"20", "20"}) {
		t.Errorf("the feeds are at %v", got)
	}
}
