package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"comptesante/db"
)

var stored = []db.StoredParameter{
	{Key: "of.a.newer.release", Value: "1", ChangedAt: time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC), ChangedBy: "anne", Reason: "un"},
	{Key: "taux.aspa", Value: "85", ChangedAt: time.Date(2026, 11, 24, 2, 0, 0, 0, time.FixedZone("", 3600)), ChangedBy: "karim", Reason: "deux"},
	{Key: "taux.imagerie", Value: "soixante", ChangedAt: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC), ChangedBy: "anne", Reason: "trois"},
}

// TestParameterList: every doubtful parameter is listed, one that was changed with
// who did, and one that cannot be taken apart, with its default in force.
func TestParameterList(t *testing.T) {
	list := listParameters(stored)
	byKey := map[string]listedParameter{}
	for _, p := range list.Parameters {
		byKey[p.Key] = p
		if p.What == "" || p.Value == "" || p.Unit == "" || p.Want == "" || p.Default == "" || p.Source == "" || p.Doubt == "" {
			t.Errorf("%+v does not say all", p)
		}
		if (p.Changed == nil) != (p.Key != "taux.aspa") {
			t.Errorf("%s: changed %v", p.Key, p.Changed)
		}
	}
	if p := byKey["taux.aspa"]; p.Value != "85" || p.Default != "80" || p.From != "2005-01-01" || p.To != "" ||
		*p.Changed != (changedBy{By: "karim", At: time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC), Reason: "deux"}) {
		t.Errorf("%+v", p)
	}
	if p := byKey["taux.imagerie"]; p.Value != "70" {
		t.Errorf("%+v", p)
	}
	if p := byKey["participation.nombre-annuel.2016"]; p.From != "2016-01-01" || p.To != "2023-12-31" {
		t.Errorf("%+v", p)
	}
	if len(list.Ignored) != 2 || list.Ignored[0].Key != "of.a.newer.release" || list.Ignored[1].Changed.Reason != "trois" || list.Ignored[1].Fault == "" {
		t.Errorf("ignored: %+v", list.Ignored)
	}
}

func TestParameterListInWords(t *testing.T) {
	var b strings.Builder
	if err := listParameters(stored).write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"ignored: of.a.newer.release = 1\n", "comptesante parameter reset of.a.newer.release --reason",
		"taux.aspa = 85 (percent), by default 80\n  rate for ASPA, since 2005-01-01\n", "changed by karim at 2026-11-24T01:00:00Z: deux\n",
		"participations per civil year, from 2016-01-01 to 2023-12-31\n", "acte-lourd.montant.2026.debut = 2026-04-22 (day)\n",
		"source KINE [KINE: kineonline.fr]\n", "1 changed, 2 ignored\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not told", want)
		}
	}
}

// TestParameterListForPrograms: nothing stored is an empty list and nulls, not
// absent members.
func TestParameterListForPrograms(t *testing.T) {
	text, err := json.Marshal(listParameters(nil))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"ignored":[]`) || !strings.Contains(string(text), `"changed":null`) {
		t.Errorf("%.300s", text)
	}
}

func TestToldOf(t *testing.T) {
	for _, row := range []struct {
		done db.ParameterChanged
		want string
	}{
		{db.ParameterChanged{After: "85", Own: "80"}, "k is now 85; it was 80, the release's own value"},
		{db.ParameterChanged{Before: "85", After: "90", Own: "80"}, "k is now 90; it was 85"},
		{db.ParameterChanged{Before: "85", Own: "80"}, "k is now 80, the release's own value; it was 85"},
		{db.ParameterChanged{Before: "85", After: "85", Own: "80"}, "k is set to 85 already: nothing was changed"},
		{db.ParameterChanged{Before: "1"}, "k is forgotten; it was 1"},
	} {
		if got := toldOf("k", row.done); got != row.want {
			t.Errorf("%+v: %s", row.done, got)
		}
	}
}
