package db_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
)

// detailedRecord is a payment of two lines with all that a line can have.
func detailedRecord(t *testing.T, reference string) domain.PaymentRecord {
	t.Helper()
	r := dbtest.Record(t, 0, reference, "2026-11-02")
	reimbursed := dbtest.Day(t, "2026-09-20")
	r.Lines[0].Retentions = []domain.Retention{{Kind: domain.Participation, Amount: 200}, {Kind: domain.Franchise, Amount: 100, Deferred: true}}
	r.Lines = append(r.Lines, domain.PaymentLine{CaredOn: dbtest.Day(t, "2026-10-01"), Act: "IJ", Label: "Indemnités journalières",
		Reimbursed: 28_050, Retained: 150, Paid: 27_900,
		Retentions: []domain.Retention{{Kind: domain.Franchise, Amount: 50, Of: &domain.EarlierCare{CaredOn: dbtest.Day(t, "2026-09-14"), PaidOn: &reimbursed, Label: "Boîte d'aspirine"}},
			{Kind: domain.OtherRetained, Amount: 100, Of: &domain.EarlierCare{CaredOn: dbtest.Day(t, "2026-09-15"), Label: "Trop-perçu"}}},
		Allowance: &domain.DailyAllowance{Nature: domain.ForSickness, From: dbtest.Day(t, "2026-10-01"), To: dbtest.Day(t, "2026-10-10"), Days: 7,
			Daily: 4_300, Gross: 30_100, CSG: 1_900, CRDS: 150}})
	r.Amount += 27_900
	account, err := iban.Parse("FR7630006000011234567890189")
	if err != nil {
		t.Fatal(err)
	}
	r.Account = account
	return r
}

// TestDetails: retentions and daily allowances come back as they were sent, by
// the page, by id and in the feed, and only where they are asked for.
func TestDetails(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	r := detailedRecord(t, "A")
	if fault := r.Check(dbtest.Day(t, "2026-11-23")); fault != nil {
		t.Fatal(fault)
	}
	dbtest.Pay(t, d, r)
	s := dbtest.Sight(t, name, id)
	check := func(why string, lines []domain.PaymentLine) {
		t.Helper()
		if len(lines) != 2 {
			t.Fatalf("%s: %d lines", why, len(lines))
		}
		for i := range lines {
			if diff := cmp.Diff(r.Lines[i].Retentions, lines[i].Retentions) + cmp.Diff(r.Lines[i].Allowance, lines[i].Allowance); diff != "" {
				t.Errorf("%s, line %d: %s", why, i, diff)
			}
		}
	}
	q := whole(t)
	payment := dbtest.Page(t, d, s, q).Payments[0]
	check("in the list", payment.Lines)
	if payment.Lines[1].Kind != domain.ActAllowance || payment.CaredOn != dbtest.Day(t, "2026-10-28") {
		t.Errorf("kind %s, cared on %s", payment.Lines[1].Kind, payment.CaredOn)
	}
	q.Needs.Details = false
	for _, l := range dbtest.Page(t, d, s, q).Payments[0].Lines {
		if l.Retentions != nil || l.Allowance != nil {
			t.Errorf("not asked for: %+v", l)
		}
	}
	byID, err := d.PaymentsByID(t.Context(), []actor.Sight{s}, q.From, []domain.ID{payment.ID})
	if err != nil {
		t.Fatal(err)
	}
	check("by its id", byID[payment.ID].Lines)
	key := domain.FeedKey{Assure: id.Assure, Feed: domain.FeedPayments}
	check("in the feed", paid(events(t, d, key, 0)[0]).Lines)
}

// TestDetailsAreCorrected: a change of a retention, of an allowance or of the
// account is a correction that says so; the same record changes nothing.
func TestDetailsAreCorrected(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	dbtest.Pay(t, d, detailedRecord(t, "A"))
	key := domain.FeedKey{Assure: id.Assure, Feed: domain.FeedPayments}
	changed := func(why, field, before, after string, change func(*domain.PaymentRecord)) {
		t.Helper()
		r := detailedRecord(t, "A")
		change(&r)
		dbtest.Pay(t, d, r)
		told := events(t, d, key, 0)
		var got []string
		for _, c := range told[len(told)-1].Fact.(*domain.PaymentFact).Changes {
			got = append(got, fmt.Sprintf("%s: %s > %s", c.Field, *c.Before, *c.After))
		}
		if diff := cmp.Diff([]string{field + ": " + before + " > " + after}, got); diff != "" {
			t.Errorf("%s: %s", why, diff)
		}
		dbtest.Pay(t, d, detailedRecord(t, "A")) // back
	}
	own := "PARTICIPATION 200; FRANCHISE 100 deferred"
	changed("what is deferred", "lines.0.retentions", own, "PARTICIPATION 200", func(r *domain.PaymentRecord) { r.Lines[0].Retentions = r.Lines[0].Retentions[:1] })
	allowance := "SICKNESS 2026-10-01/2026-10-%s, 7 x 4300 = 30100, CSG 1900, CRDS 150"
	changed("the period", "lines.1.allowance", fmt.Sprintf(allowance, "10"), fmt.Sprintf(allowance, "09"), func(r *domain.PaymentRecord) {
		r.Lines[1].Allowance.To = r.Lines[1].Allowance.To.AddDays(-1)
	})
	changed("the account, masked", "movement.account", "FR•• •••• 0189", "DE•• •••• 3000", func(r *domain.PaymentRecord) {
		r.Account, _ = iban.Parse("DE89370400440532013000")
	})
	outcomes, err := d.RecordPayments(t.Context(), "test", []domain.PaymentRecord{detailedRecord(t, "A")})
	if err != nil || outcomes[0].Outcome != domain.OutcomeUnchanged {
		t.Errorf("the same again: %v %v", outcomes, err)
	}
	page := dbtest.Page(t, d, dbtest.Sight(t, name, id), whole(t)).Payments[0]
	if diff := cmp.Diff(detailedRecord(t, "A").Lines[1].Allowance, page.Lines[1].Allowance); diff != "" {
		t.Error(diff)
	}
}

// TestByCare: by the day of care, pages join without a gap both ways; what the
// window hides by the day of payment stays hidden.
func TestByCare(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	for reference, days := range map[string][2]string{
		"late":   {"2026-11-03", "2026-01-05"}, // an old care that was paid last
		"day":    {"2026-03-02", "2026-02-20"},
		"same":   {"2026-03-05", "2026-02-20"},
		"first":  {"2026-10-02", "2026-10-01"},
		"oldest": {"2024-08-23", "2020-01-01"}, // the window's first day: cared for long before
		"hidden": {"2024-08-22", "2024-08-21"},
	} {
		r := dbtest.Record(t, 0, reference, days[0])
		r.Lines[0].CaredOn = dbtest.Day(t, days[1])
		dbtest.Pay(t, d, r)
	}
	s := dbtest.Sight(t, name, id)
	var orders []string
	for _, limit := range []int{1, 2, 3, 100} {
		for _, backward := range []bool{false, true} {
			q := whole(t)
			q.Order, q.Limit, q.Backward = domain.ByCaredOn, limit, backward
			var walked []string
			for more := true; more; {
				page := dbtest.Page(t, d, s, q)
				if backward {
					at := page.Payments[0].Place(q.Order)
					walked, more, q.Before = append(references(page), walked...), page.HasPrevious, &at
				} else {
					at := page.Payments[len(page.Payments)-1].Place(q.Order)
					walked, more, q.After = append(walked, references(page)...), page.HasNext, &at
				}
			}
			orders = append(orders, strings.Join(walked, " "))
		}
	}
	for _, got := range orders {
		if !strings.HasPrefix(got, "first ") || !strings.HasSuffix(got, " late oldest") || got != orders[0] || len(strings.Fields(got)) != 5 {
			t.Errorf("got %s", got)
		}
	}
}

// TestSearch: words are found whatever their case and accents, together in one
// line or not at all.
func TestSearch(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	town := "L'Haÿ-les-Roses"
	r := dbtest.Record(t, 0, "A", "2026-11-02")
	r.Lines[0].Professional = &domain.Professional{Number: "1", Name: "Dr Zoé Œrsted", Specialty: "Ophtalmologue", Town: &town}
	second := r.Lines[0]
	second.Act, second.Label, second.Professional = "PH7", "Médicaments à 65\u00a0%", nil
	r.Lines, r.Amount = append(r.Lines, second), 3800
	dbtest.Pay(t, d, r)
	s := dbtest.Sight(t, name, id)
	for text, want := range map[string]int{
		"consultation": 1, "CONSULT": 1, "zoe": 1, "ZOÉ oersted": 1, "œrsted": 1, "ophtalmo haÿ": 1, "l'hay-les": 1, "L’Haÿ": 1, "ph7": 1, "medicaments 65": 1,
		"zoe medicaments": 0, // in two lines
		"%":               1, "_": 0, "\\": 0, "zoë": 1, "personne": 0, "'": 1, "; drop table payments": 0,
	} {
		q := whole(t)
		if err := q.Filter.Lines.SetText(text); err != nil {
			t.Fatal(err)
		}
		if got := len(dbtest.Page(t, d, s, q).Payments); got != want {
			t.Errorf("%q: %d payments", text, got)
		}
	}
}

// TestActKinds: a change of a code's kind, a row that is gone or renamed too, is
// seen in lists and in filters once the version is heard.
func TestActKinds(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	r := dbtest.Record(t, 0, "A", "2026-11-02")
	r.Lines[0].Act = "NEU"
	dbtest.Pay(t, d, r)
	s, q := dbtest.Sight(t, name, id), whole(t)
	for _, row := range []struct {
		sql  string
		want domain.ActKind
	}{
		{`SELECT`, domain.ActOther},
		{`INSERT INTO act_kinds (code, kind) VALUES ('NEU', 'DENTAL')`, domain.ActDental},
		{`UPDATE act_kinds SET kind = 'IMAGING' WHERE code = 'NEU'`, domain.ActImaging},
		{`DELETE FROM act_kinds WHERE code = 'NEU'`, domain.ActOther},
		{`UPDATE act_kinds SET code = 'NEU' WHERE code = 'LPP'`, domain.ActDevice},
		{`UPDATE act_kinds SET code = 'LPP' WHERE code = 'NEU'`, domain.ActOther},
		{`INSERT INTO act_kinds (code, kind) VALUES ('NEU', 'DENTAL')`, domain.ActDental},
		{`TRUNCATE act_kinds`, domain.ActOther},
	} {
		dbtest.Exec(t, name, row.sql)
		if err := d.RenewReference(t.Context()); err != nil {
			t.Fatal(err)
		}
		q.Filter.Lines.Kinds = []domain.ActKind{row.want}
		page := dbtest.Page(t, d, s, q).Payments
		if len(page) != 1 || page[0].Lines[0].Kind != row.want {
			t.Errorf("%s: %+v", row.sql, page)
		}
	}
}

// TestCountedRetentions: a retention counts with the line that it is due on, in
// the year of that payment, for its beneficiary; what is recovered of earlier care
// does not count twice, and what is announced does not count yet.
func TestCountedRetentions(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0, "2015-03-02")
	last := detailedRecord(t, "last year")
	last.PaidOn, last.Movement = dbtest.Day(t, "2025-12-31"), "VIR"
	last.Lines, last.Amount = last.Lines[:1], 1900
	last.Lines[0].CaredOn = dbtest.Day(t, "2025-12-30")
	child := detailedRecord(t, "child")
	child.BirthDate, child.BirthRank = dbtest.Day(t, "2015-03-02"), 1
	announced := detailedRecord(t, "announced")
	announced.PaidOn = dbtest.Day(t, "2026-11-24")
	dbtest.Pay(t, d, detailedRecord(t, "A"), last, child, announced)
	s := dbtest.Sight(t, name, id)
	told := func(sight actor.Sight, year int) (texts []string) {
		t.Helper()
		file, err := d.File(t.Context(), sight, db.FileQuery{Counters: []int{year}, Today: dbtest.Day(t, "2026-11-23")})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range file.Counters[year] {
			texts = append(texts, fmt.Sprintf("%d %s %s %s %s %s %d %v", c.Beneficiary.Key-s.Beneficiaries[0], c.PaidOn, c.CaredOn, c.Act, c.Label, c.Kind, c.Amount, c.Deferred))
		}
		return texts
	}
	own := []string{"0 2026-11-02 2026-10-28 G Consultation PARTICIPATION 200 false", "0 2026-11-02 2026-10-28 G Consultation FRANCHISE 100 true"}
	if diff := cmp.Diff(own, told(actor.Sight{Assure: s.Assure, Beneficiaries: s.Beneficiaries[:1]}, 2026)); diff != "" {
		t.Error(diff)
	}
	if got := told(s, 2026); len(got) != 4 {
		t.Errorf("with the child's: %v", got)
	}
	if got := told(s, 2025); len(got) != 2 || !strings.Contains(got[0], "2025-12-31") {
		t.Errorf("the year before: %v", got)
	}
}

// TestMovements: a movement has its payments in sight, and its account on one's
// own file; movements of the same number of another file stay apart.
func TestMovements(t *testing.T) {
	d, name := dbtest.Open(t)
	mine, theirs := dbtest.AddFile(t, d, 0, "2015-03-02"), dbtest.AddFile(t, d, 1)
	child, other, alone := detailedRecord(t, "child"), dbtest.Record(t, 1, "other", "2026-11-02"), dbtest.Record(t, 0, "alone", "2026-11-03")
	child.BirthDate, child.BirthRank = dbtest.Day(t, "2015-03-02"), 1
	old := dbtest.Record(t, 0, "old", "2024-01-02")
	old.Movement = child.Movement
	dbtest.Pay(t, d, detailedRecord(t, "own"), child, other, alone, old)
	s := dbtest.Sight(t, name, mine)
	from := civil.WindowStart(dbtest.Day(t, "2026-11-23"))
	ask := func(sight actor.Sight, own bool) domain.Movement {
		t.Helper()
		found, err := d.Movements(t.Context(), []db.MovementRead{{Sight: sight, Own: own, From: from, References: []string{child.Movement, "of nobody"},
			Needs: domain.MovementNeeds{Payments: true, Sums: true, Account: true, Each: domain.AllNeeds}}})
		if err != nil {
			t.Fatal(err)
		}
		if none := found[0]["of nobody"]; len(none.Payments) > 0 || none.Account != nil {
			t.Errorf("of nobody: %+v", none)
		}
		return found[0][child.Movement]
	}
	if m := ask(s, true); len(m.Payments) != 2 || m.Count != 2 || m.Amount != 2*29_800 || m.Account == nil || m.Account.Reveal() != "FR7630006000011234567890189" || m.Payments[0].Beneficiary.GivenName == "" {
		t.Errorf("%d payments, %s, %v", len(m.Payments), m.Amount, m.Account)
	}
	if m := ask(actor.Sight{Assure: mine.Assure, Beneficiaries: s.Beneficiaries[1:]}, false); len(m.Payments) != 1 || m.Count != 1 || m.Amount != 29_800 || m.Account != nil {
		t.Errorf("a second parent: %d payments, %v", len(m.Payments), m.Account)
	}
	if m := ask(dbtest.Sight(t, name, theirs), true); len(m.Payments) != 1 || m.Payments[0].Reference != "other" {
		t.Errorf("of the same number in another file: %+v", m.Payments)
	}
}
