package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"comptesante/db"
	"comptesante/domain/reimburse"
)

type parameterCommand struct {
	List  parameterListCommand  `cmd:"" help:"Show what is doubtful of the rules: the value in force, its unit, the release's own, its source and the doubt, and who changed it. Example: comptesante parameter list"`
	Set   parameterSetCommand   `cmd:"" help:"Give a doubtful parameter another value; every node computes by it within a second. Example: comptesante parameter set acte-lourd.montant.2026.debut 2026-04-01 --reason 'arrêté du 30 mars 2026'"`
	Reset parameterResetCommand `cmd:"" help:"Give a parameter the release's own value back. Example: comptesante parameter reset acte-lourd.seuil --reason 'confirmed by CSS R.160-16'"`
}

type parameterSetCommand struct {
	Key   string `arg:"" help:"The parameter's key, as the list shows it."`
	Value string `arg:"" help:"Its value: euro cents, a percentage, a number, oui or non, or a day, as the list says."`
	grounds
}

// Run changes the value.
func (p parameterSetCommand) Run(ctx context.Context, c *config) error {
	return override(ctx, c, "parameter set", p.grounds, func(d *db.DB) (db.ParameterChanged, error) {
		return d.SetParameter(ctx, db.ParameterChange{Key: p.Key, Value: p.Value, By: p.By, Reason: p.Reason})
	}, func(done db.ParameterChanged) string { return toldOf(p.Key, done) })
}

type parameterResetCommand struct {
	Key string `arg:"" help:"The parameter's key, as the list shows it."`
	grounds
}

// Run gives the own value back.
func (p parameterResetCommand) Run(ctx context.Context, c *config) error {
	return override(ctx, c, "parameter reset", p.grounds, func(d *db.DB) (db.ParameterChanged, error) {
		return d.ResetParameter(ctx, db.ParameterChange{Key: p.Key, By: p.By, Reason: p.Reason})
	}, func(done db.ParameterChanged) string { return toldOf(p.Key, done) })
}

// toldOf says what became of a change.
func toldOf(key string, done db.ParameterChanged) string {
	own := "the release's own value"
	if done.Own != "" {
		own = done.Own + ", " + own
	}
	switch {
	case done.Before == done.After:
		return fmt.Sprintf("%s is set to %s already: nothing was changed", key, done.After)
	case done.After == "" && done.Own == "":
		return fmt.Sprintf("%s is forgotten; it was %s", key, done.Before)
	}
	return fmt.Sprintf("%s is now %s; it was %s", key, cmp.Or(done.After, own), cmp.Or(done.Before, own))
}

type parameterListCommand struct {
	JSON bool `name:"json" help:"Print JSON for programs."`
}

// Run prints the parameters.
func (p parameterListCommand) Run(ctx context.Context, c *config) error {
	return printList(ctx, c, "parameter list", p.JSON, func(d *db.DB) (overrideList, error) {
		stored, err := d.StoredParameters(ctx)
		return listParameters(stored), err
	})
}

// parameterList is what `parameter list --json` prints: its members are for
// programs to rely on.
type parameterList struct {
	Parameters []listedParameter  `json:"parameters"`
	Ignored    []ignoredParameter `json:"ignored"` // stored, and not taken by this release
}

type listedParameter struct {
	Key     string         `json:"key"`
	What    string         `json:"what"`
	Value   string         `json:"value"` // in force
	Unit    reimburse.Unit `json:"unit"`
	Want    string         `json:"want"`           // which values it takes
	From    string         `json:"from,omitempty"` // the days on which the value holds
	To      string         `json:"to,omitempty"`   // empty where no end is known
	Default string         `json:"default"`        // the release's own value
	Source  string         `json:"source"`         // of the default
	Doubt   string         `json:"doubt"`          // why an operator may change it
	Changed *changedBy     `json:"changed"`        // null where the default is in force
}

type ignoredParameter struct {
	Key     string    `json:"key"`
	Value   string    `json:"value"`
	Fault   string    `json:"fault"`
	Changed changedBy `json:"changed"`
}

// listParameters is every doubtful parameter of this release with what is stored
// of it, and what is stored besides.
func listParameters(stored []db.StoredParameter) parameterList {
	changed := make(map[string]*changedBy, len(stored))
	settings := make([]reimburse.Setting, len(stored))
	for i, s := range stored {
		settings[i] = reimburse.Setting{Key: s.Key, Value: s.Value}
		changed[s.Key] = &changedBy{By: s.ChangedBy, At: s.ChangedAt.UTC(), Reason: s.Reason}
	}
	inForce, refused := reimburse.Default().Overlay(settings)
	list := parameterList{Parameters: []listedParameter{}, Ignored: []ignoredParameter{}}
	for _, r := range refused {
		list.Ignored = append(list.Ignored, ignoredParameter{Key: r.Key, Value: r.Value, Fault: r.Why.Error(), Changed: *changed[r.Key]})
		delete(changed, r.Key) // its default is in force
	}
	own := reimburse.Default().Doubts()
	for i, d := range inForce.Doubts() { // in the order of own
		one := listedParameter{Key: d.Key, What: d.What, Value: d.Current, Unit: d.Unit, Want: d.Want, Default: own[i].Current,
			Source: reimburse.Cite(d.Source), Doubt: d.Why, Changed: changed[d.Key]}
		if !d.From.IsZero() {
			one.From = d.From.String()
		}
		if !d.To.IsZero() {
			one.To = d.To.String()
		}
		list.Parameters = append(list.Parameters, one)
	}
	return list
}

// write prints the list for people: first what cannot be taken, then a block for
// each parameter.
func (l parameterList) write(w io.Writer) error {
	var b strings.Builder
	for _, i := range l.Ignored {
		fmt.Fprintf(&b, "ignored: %s = %s\n  %s\n  %s\n  another release may know it; or: comptesante parameter reset %s --reason …\n\n", i.Key, i.Value, i.Fault, i.Changed, i.Key)
	}
	for _, p := range l.Parameters {
		fmt.Fprintf(&b, "%s = %s (%s)", p.Key, p.Value, p.Unit)
		if p.Changed != nil {
			fmt.Fprintf(&b, ", by default %s", p.Default)
		}
		fmt.Fprintf(&b, "\n  %s%s\n  takes  %s\n  source %s\n  doubt  %s\n", p.What, p.period(), p.Want, p.Source, p.Doubt)
		if p.Changed != nil {
			fmt.Fprintf(&b, "  %s\n", p.Changed)
		}
		b.WriteByte('\n')
	}
	n := len(l.Parameters) - len(slices.DeleteFunc(slices.Clone(l.Parameters), func(p listedParameter) bool { return p.Changed != nil }))
	fmt.Fprintf(&b, "%d parameters, %d changed, %d ignored\n", len(l.Parameters), n, len(l.Ignored))
	_, err := io.WriteString(w, b.String())
	return err
}

// period tells on which days the value holds.
func (p listedParameter) period() string {
	switch {
	case p.From != "" && p.To != "":
		return fmt.Sprintf(", from %s to %s", p.From, p.To)
	case p.From != "":
		return ", since " + p.From
	}
	return ""
}
