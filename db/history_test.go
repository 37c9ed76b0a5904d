package db_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

func references(page domain.PaymentPage) (list []string) {
	for _, p := range page.Payments {
		list = append(list, p.Reference)
	}
	return list
}

// TestPages walks a history both ways, with several payments on one day.
func TestPages(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	days := []string{"2026-11-05", "2026-11-04", "2026-11-04", "2026-11-04", "2026-11-01", "2024-08-23"}
	for i := len(days) - 1; i >= 0; i-- {
		dbtest.Pay(t, d, dbtest.Record(t, 0, fmt.Sprint(i), days[i]))
	}
	dbtest.Pay(t, d, dbtest.Record(t, 0, "too old", "2024-08-22"))
	sight := dbtest.Sight(t, name, id)
	for _, backward := range []bool{false, true} {
		q := whole(t)
		q.Limit, q.Backward = 2, backward
		var walked []string
		for more := true; more; {
			page := dbtest.Page(t, d, sight, q)
			place := func(i int) *domain.PaymentPlace {
				return &domain.PaymentPlace{Day: page.Payments[i].PaidOn, Key: page.Payments[i].ID.Key}
			}
			if backward {
				walked, more, q.Before = append(references(page), walked...), page.HasPrevious, place(0)
			} else {
				walked, more, q.After = append(walked, references(page)...), page.HasNext, place(len(page.Payments)-1)
			}
		}
		if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5"}, walked); diff != "" {
			t.Errorf("backward %v: %s", backward, diff)
		}
	}
}

// TestOwnership: what is not in sight is not there. It fails when the WHERE of
// PaymentPage or PaymentsByID leaves out the beneficiary or the assuré.
func TestOwnership(t *testing.T) {
	d, name := dbtest.Open(t)
	mine, theirs := dbtest.AddFile(t, d, 0, "2015-03-02"), dbtest.AddFile(t, d, 1)
	child := dbtest.Record(t, 0, "child", "2026-11-02")
	child.BirthDate, child.BirthRank = dbtest.Day(t, "2015-03-02"), 1
	dbtest.Pay(t, d, dbtest.Record(t, 0, "own", "2026-11-02"), child, dbtest.Record(t, 1, "theirs", "2026-11-02"))
	full := dbtest.Sight(t, name, mine)
	ids := map[string]domain.ID{}
	for _, id := range []domain.ID{mine, theirs} {
		page := dbtest.Page(t, d, dbtest.Sight(t, name, id), whole(t))
		for _, p := range page.Payments {
			ids[p.Reference] = p.ID
		}
	}
	stranger := ids["theirs"]
	stranger.Assure = mine.Assure // a forged id: their key in my file
	for _, row := range []struct {
		why   string
		sight actor.Sight
		want  []string
	}{
		{"the whole file; within a day the latest key first", full, []string{"own", "child"}},
		{"the child is sixteen", actor.Sight{Assure: mine.Assure, Beneficiaries: full.Beneficiaries[:1]}, []string{"own"}},
		{"nobody in sight", actor.Sight{Assure: mine.Assure}, nil},
		{"another file with my people's keys", actor.Sight{Assure: theirs.Assure, Beneficiaries: full.Beneficiaries}, nil},
	} {
		page := dbtest.Page(t, d, row.sight, whole(t))
		if diff := cmp.Diff(row.want, references(page)); diff != "" {
			t.Errorf("%s, page: %s", row.why, diff)
		}
		found, err := d.PaymentsByID(t.Context(), []actor.Sight{row.sight}, whole(t).From, []domain.ID{ids["own"], ids["child"], ids["theirs"], stranger})
		if err != nil || len(found) != len(row.want) {
			t.Errorf("%s, by id: %d of %d, %v", row.why, len(found), len(row.want), err)
		}
	}
	if found, err := d.PaymentsByID(t.Context(), []actor.Sight{full}, dbtest.Day(t, "2026-11-03"), []domain.ID{ids["own"]}); err != nil || len(found) != 0 {
		t.Errorf("a payment before the window is given by id: %v", err)
	}
}

// TestParts: each form of the complementary part comes back as it went in.
func TestParts(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	day := dbtest.Day(t, "2026-11-04")
	m := domain.Mutuelle{ID: domain.ID{Kind: domain.KindMutuelle, Key: 1}, Code: dbtest.MutuelleCode, Name: "Mutuelle des Deux Rives"}
	for i, row := range []struct {
		part domain.RecordPart
		want domain.ComplementaryPart
	}{
		{domain.RecordPart{State: domain.StateKnown, Mutuelle: m.Code, Amount: 900, PaidOn: day}, domain.ComplementaryKnown{Amount: 900, Mutuelle: m, PaidOn: &day}},
		{domain.RecordPart{State: domain.StateKnown, Mutuelle: m.Code}, domain.ComplementaryKnown{Mutuelle: m}},
		{domain.RecordPart{State: domain.StateAwaited, Mutuelle: m.Code}, domain.ComplementaryAwaited{Mutuelle: m}},
		{domain.RecordPart{State: domain.StateElsewhere, Mutuelle: m.Code}, domain.ComplementaryElsewhere{Mutuelle: m}},
		{domain.RecordPart{State: domain.StateNone}, domain.ComplementaryNone{}},
	} {
		r := dbtest.Record(t, 0, fmt.Sprint(i), "2026-11-02")
		r.Complementary = row.part
		dbtest.Pay(t, d, r)
		q := whole(t)
		q.Limit = 1
		page := dbtest.Page(t, d, dbtest.Sight(t, name, id), q)
		if diff := cmp.Diff(row.want, page.Payments[0].Complementary); diff != "" {
			t.Errorf("%v: %s", row.part, diff)
		}
	}
}

// TestFilters: each condition alone and together, with pages of one, both ways.
// It fails when a condition of the statement is left out, or when a filter opens
// what is not in sight.
func TestFilters(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0, "2015-03-02")
	day := dbtest.Day(t, "2026-11-04")
	records := []domain.PaymentRecord{dbtest.Record(t, 0, "own, awaited", "2026-11-01"), dbtest.Record(t, 0, "own, known", "2026-11-02"),
		dbtest.Record(t, 0, "child, none", "2026-11-03"), dbtest.Record(t, 0, "child, awaited", "2026-11-04"), dbtest.Record(t, 0, "own, elsewhere", "2026-11-05")}
	records[1].Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: dbtest.MutuelleCode, Amount: 900, PaidOn: day}
	records[2].Complementary = domain.RecordPart{State: domain.StateNone}
	records[4].Complementary.State = domain.StateElsewhere
	records[1].Recipient, records[3].Recipient = domain.ToProfessional, domain.ToProfessional
	for _, i := range []int{2, 3} {
		records[i].BirthDate, records[i].BirthRank = dbtest.Day(t, "2015-03-02"), 1
	}
	dbtest.Pay(t, d, records...)
	all := dbtest.Sight(t, name, id)
	person := func(i int) domain.ID {
		return domain.ID{Kind: domain.KindBeneficiary, Assure: id.Assure, Key: all.Beneficiaries[i]}
	}
	own := actor.Sight{Assure: all.Assure, Beneficiaries: all.Beneficiaries[:1]}
	for _, row := range []struct {
		why    string
		sight  actor.Sight
		filter domain.PageFilter
		want   []string
	}{
		{"no condition", all, domain.PageFilter{}, []string{"own, elsewhere", "child, awaited", "child, none", "own, known", "own, awaited"}},
		{"one person", all, domain.PageFilter{Beneficiaries: []domain.ID{person(1)}}, []string{"child, awaited", "child, none"}},
		{"both", all, domain.PageFilter{Beneficiaries: []domain.ID{person(1), person(0)}}, []string{"own, elsewhere", "child, awaited", "child, none", "own, known", "own, awaited"}},
		{"a person who is not in sight", own, domain.PageFilter{Beneficiaries: []domain.ID{person(1)}}, nil},
		{"the same key in another file, or of another kind", all, domain.PageFilter{Beneficiaries: []domain.ID{
			{Kind: domain.KindBeneficiary, Assure: id.Assure + 1, Key: all.Beneficiaries[0]}, {Kind: domain.KindPayment, Assure: id.Assure, Key: all.Beneficiaries[0]}, {}}}, nil},
		{"a recipient", all, domain.PageFilter{Recipients: []domain.Recipient{domain.ToProfessional}}, []string{"child, awaited", "own, known"}},
		{"states", all, domain.PageFilter{Complementary: []domain.ComplementaryState{domain.StateNone, domain.StateKnown}}, []string{"child, none", "own, known"}},
		{"an empty list is met by nothing", all, domain.PageFilter{Complementary: []domain.ComplementaryState{}}, nil},
		{"and an empty list of people", all, domain.PageFilter{Beneficiaries: []domain.ID{}}, nil},
		{"all together", all, domain.PageFilter{Beneficiaries: []domain.ID{person(0)}, Recipients: []domain.Recipient{domain.ToProfessional},
			Complementary: []domain.ComplementaryState{domain.StateKnown, domain.StateAwaited}}, []string{"own, known"}},
	} {
		for _, backward := range []bool{false, true} {
			q := whole(t)
			q.Limit, q.Backward, q.Filter = 1, backward, row.filter
			var walked []string
			for more := true; more; {
				page := dbtest.Page(t, d, row.sight, q)
				if len(page.Payments) == 0 {
					break
				}
				at := &domain.PaymentPlace{Day: page.Payments[0].PaidOn, Key: page.Payments[0].ID.Key}
				if backward {
					walked, more, q.Before = append(references(page), walked...), page.HasPrevious, at
				} else {
					walked, more, q.After = append(walked, references(page)...), page.HasNext, at
				}
			}
			if diff := cmp.Diff(row.want, walked); diff != "" {
				t.Errorf("%s, backward %v: %s", row.why, backward, diff)
			}
		}
	}
}
