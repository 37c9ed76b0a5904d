package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"comptesante/db"
	"comptesante/domain"
)

type actKindCommand struct {
	List  actKindListCommand  `cmd:"" help:"Show which code of an act is of which kind, the release's own, who changed it, and the codes of payments that have none. Example: comptesante act-kind list"`
	Set   actKindSetCommand   `cmd:"" help:"Give a code a kind; every node groups by it within a second, stored payments too. Example: comptesante act-kind set SDE DENTAL --reason 'table NABM 2026'"`
	Reset actKindResetCommand `cmd:"" help:"Give a code the release's own kind back, or none where it does not know the code. Example: comptesante act-kind reset SDE --reason 'error'"`
}

type actKindSetCommand struct {
	Code string `arg:"" help:"The act's code as senders write it, letter by letter."`
	Kind string `arg:"" help:"Its kind, such as CONSULTATION or OTHER; a wrong one is answered with the list."`
	grounds
}

// Run changes the kind.
func (a actKindSetCommand) Run(ctx context.Context, c *config) error {
	return override(ctx, c, "act-kind set", a.grounds, func(d *db.DB) (db.KindChanged, error) {
		return d.SetKindOfCode(ctx, db.KindChange{Code: a.Code, Kind: domain.ActKind(strings.ToUpper(a.Kind)), By: a.By, Reason: a.Reason})
	}, func(done db.KindChanged) string { return kindToldOf(a.Code, done) })
}

type actKindResetCommand struct {
	Code string `arg:"" help:"The act's code, as the list shows it."`
	grounds
}

// Run gives the own kind back.
func (a actKindResetCommand) Run(ctx context.Context, c *config) error {
	return override(ctx, c, "act-kind reset", a.grounds, func(d *db.DB) (db.KindChanged, error) {
		return d.ResetKindOfCode(ctx, db.KindChange{Code: a.Code, By: a.By, Reason: a.Reason})
	}, func(done db.KindChanged) string { return kindToldOf(a.Code, done) })
}

// kindToldOf says what became of a change.
func kindToldOf(code string, done db.KindChanged) string {
	told := fmt.Sprintf("%s is now %s; it was %s", code, done.After, done.Before)
	switch {
	case !done.Changed:
		told = fmt.Sprintf("%s is set to %s already: nothing was changed", code, done.After)
	case done.Before == done.After:
		told = fmt.Sprintf("%s is %s as before", code, done.After)
	}
	if done.Own != "" {
		told += fmt.Sprintf(" (the release's own: %s)", done.Own)
	}
	if !done.Paid {
		told += "; no payment has this code yet: it is compared letter by letter, capitals and all"
	}
	return told
}

type actKindListCommand struct {
	JSON bool `name:"json" help:"Print JSON for programs."`
}

// Run prints the kinds.
func (a actKindListCommand) Run(ctx context.Context, c *config) error {
	return printList(ctx, c, "act-kind list", a.JSON, func(d *db.DB) (overrideList, error) {
		kinds, without, err := d.KindsOfCodes(ctx)
		return listKinds(kinds, without), err
	})
}

// kindDoubt is why an operator may change a kind of the release.
const kindDoubt = "unverified: the code was seen on statements, its meaning was not confirmed"

// kindList is what `act-kind list --json` prints: its members are for programs to
// rely on.
type kindList struct {
	Kinds   []listedKind   `json:"kinds"`
	Without []codeUnlisted `json:"without"` // codes of payments that have no kind, so that they are OTHER; 1,000 at most
}

type listedKind struct {
	Code    string         `json:"code"`
	Kind    domain.ActKind `json:"kind"`    // in force
	Default domain.ActKind `json:"default"` // the release's own; OTHER for a code that it does not know
	Known   bool           `json:"known"`   // whether the release knows the code
	Doubt   string         `json:"doubt"`   // empty for a kind that an operator has given
	Changed *changedBy     `json:"changed"` // null where no operator's command has changed it
}

type codeUnlisted struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

func listKinds(kinds []db.KindOfCode, without []db.CodeWithoutKind) kindList {
	list := kindList{Kinds: []listedKind{}, Without: []codeUnlisted{}}
	for _, k := range kinds {
		one := listedKind{Code: k.Code, Kind: k.Kind, Default: cmp.Or(k.Own, domain.ActOther), Known: k.Own != "", Doubt: kindDoubt}
		if k.ChangedAt != nil {
			one.Doubt, one.Changed = "", &changedBy{By: k.ChangedBy, At: k.ChangedAt.UTC(), Reason: k.Reason}
		}
		list.Kinds = append(list.Kinds, one)
	}
	for _, w := range without {
		list.Without = append(list.Without, codeUnlisted(w))
	}
	return list
}

// write prints the list for people: a line for each code, then those without a kind.
func (l kindList) write(w io.Writer) error {
	var b strings.Builder
	changed := 0
	for _, k := range l.Kinds {
		fmt.Fprintf(&b, "%-16s %s", k.Code, k.Kind)
		if k.Kind != k.Default {
			fmt.Fprintf(&b, "  by default %s", k.Default)
		}
		if k.Changed != nil {
			changed++
			fmt.Fprintf(&b, "  %s", k.Changed)
		}
		b.WriteByte('\n')
	}
	if len(l.Without) > 0 {
		b.WriteString("\ncodes of payments without a kind, so OTHER:\n")
	}
	for _, c := range l.Without {
		fmt.Fprintf(&b, "%-16s %s\n", c.Code, c.Label)
	}
	fmt.Fprintf(&b, "\n%d codes, %d changed, %d without a kind\nWhat no operator has changed is %s.\n", len(l.Kinds), changed, len(l.Without), kindDoubt)
	_, err := io.WriteString(w, b.String())
	return err
}
