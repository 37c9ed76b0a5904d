package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"comptesante/db"
	"comptesante/domain"
)

var (
	changedAt = time.Date(2026, 11, 24, 2, 0, 0, 0, time.FixedZone("", 3600))
	someKinds = []db.KindOfCode{
		{Code: "G", Kind: domain.ActConsultation, Own: domain.ActConsultation},
		{Code: "NEU", Kind: domain.ActDental, ChangedAt: &changedAt, ChangedBy: "anne", Reason: "un"},
		{Code: "P", Kind: domain.ActProcedure, Own: domain.ActBiology, ChangedAt: &changedAt, ChangedBy: "karim", Reason: "deux"},
		{Code: "Z", Kind: domain.ActOther, Own: domain.ActImaging}, // by SQL
	}
	someWithout = []db.CodeWithoutKind{{Code: "ABC", Label: "Nouveauté"}}
)

func TestKindListInWords(t *testing.T) {
	var b strings.Builder
	if err := listKinds(someKinds, someWithout).write(&b); err != nil {
		t.Fatal(err)
	}
	want := `G                CONSULTATION
NEU              DENTAL  by default OTHER  changed by anne at 2026-11-24T01:00:00Z: un
P                PROCEDURE  by default BIOLOGY  changed by karim at 2026-11-24T01:00:00Z: deux
Z                OTHER  by default IMAGING

codes of payments without a kind, so OTHER:
ABC              Nouveauté

4 codes, 2 changed, 1 without a kind
What no operator has changed is unverified: the code was seen on statements, its meaning was not confirmed.
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}

// TestKindListForPrograms: what is unverified says so, and nothing is an empty
// list or null, not an absent member.
func TestKindListForPrograms(t *testing.T) {
	for _, k := range listKinds(someKinds, nil).Kinds {
		if (k.Doubt == "") != (k.Changed != nil) || k.Known != (k.Code != "NEU") {
			t.Errorf("%+v", k)
		}
	}
	text, err := json.Marshal(listKinds(someKinds[:1], nil))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"kinds":[{"code":"G","kind":"CONSULTATION","default":"CONSULTATION","known":true,"doubt":"` + kindDoubt + `","changed":null}],"without":[]}`; string(text) != want {
		t.Errorf("got %s", text)
	}
}

func TestKindToldOf(t *testing.T) {
	for _, row := range []struct {
		done db.KindChanged
		want string
	}{
		{db.KindChanged{Before: "OTHER", After: "DENTAL", Changed: true, Paid: true}, "SDE is now DENTAL; it was OTHER"},
		{db.KindChanged{Before: "DENTAL", After: "OTHER", Own: "DENTAL", Changed: true, Paid: true}, "SDE is now OTHER; it was DENTAL (the release's own: DENTAL)"},
		{db.KindChanged{Before: "DENTAL", After: "DENTAL", Paid: true}, "SDE is set to DENTAL already: nothing was changed"},
		{db.KindChanged{Before: "DENTAL", After: "DENTAL", Own: "DENTAL", Changed: true, Paid: true}, "SDE is DENTAL as before (the release's own: DENTAL)"},
		{db.KindChanged{Before: "OTHER", After: "DENTAL", Changed: true}, "SDE is now DENTAL; it was OTHER; no payment has this code yet: it is compared letter by letter, capitals and all"},
	} {
		if got := kindToldOf("SDE", row.done); got != row.want {
			t.Errorf("%+v: %s", row.done, got)
		}
	}
}
