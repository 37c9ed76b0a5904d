package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/civil"
)

type mandateCommand struct {
	Grant mandateGrantCommand `cmd:"" help:"Let a second parent see a child of another's file. Example: printf '185057599000129 2017-09-03\\n279032A99000404\\n' | comptesante mandate grant - -"`
	End   mandateEndCommand   `cmd:"" help:"End a second parent's mandate at once. Example: comptesante mandate end CHILD HOLDER, with ids that mandate list tells"`
	List  mandateListCommand  `cmd:"" help:"List the mandates on the children of a file and those that its assuré holds. Example: echo 185057599000129 | comptesante mandate list -"`
}

// mandateArguments name a child and a second parent.
type mandateArguments struct {
	Child  string `arg:"" help:"The child's id as the API gives it, or - to read a line of standard input: the NIR of the assuré whose file it is, the child's day of birth, and for twins the rank (never as arguments: others see those)."`
	Holder string `arg:"" help:"The second parent: the id of an assuré as the API gives it, or - to read a NIR from standard input, after the child's line."`
}

type mandateGrantCommand struct{ mandateArguments }

// Run grants the mandate.
func (m mandateGrantCommand) Run(ctx context.Context, c *config) error {
	return m.change(ctx, c, "mandate grant", "granted", func(d *db.DB, child domain.ID, holder int64) error {
		return d.GrantMandate(ctx, operator, child, holder, civil.Of(time.Now()))
	})
}

type mandateEndCommand struct{ mandateArguments }

// Run ends the mandate.
func (m mandateEndCommand) Run(ctx context.Context, c *config) error {
	return m.change(ctx, c, "mandate end", "ended", func(d *db.DB, child domain.ID, holder int64) error {
		return d.EndMandate(ctx, operator, child, holder)
	})
}

// change finds whom the arguments name and does something with their mandate.
func (m mandateArguments) change(ctx context.Context, c *config, command, done string, do func(d *db.DB, child domain.ID, holder int64) error) error {
	return withNames(ctx, c, command, func(n names) error {
		child, err := n.child(ctx, m.Child)
		if err != nil {
			return err
		}
		holder, err := n.assure(ctx, m.Holder)
		if err != nil {
			return err
		}
		if err := do(n.db, child, holder.Assure); err != nil {
			return err
		}
		_, err = fmt.Printf("%s: child %s, holder %s\n", done, child, holder)
		return err
	})
}

type mandateListCommand struct {
	Assure string `arg:"" help:"The id of an assuré as the API gives it, or - to read a NIR from standard input."`
}

// Run lists the mandates.
func (m mandateListCommand) Run(ctx context.Context, c *config) error {
	return withNames(ctx, c, "mandate list", func(n names) error {
		id, err := n.assure(ctx, m.Assure)
		if err != nil {
			return err
		}
		list, err := n.db.Mandates(ctx, id.Assure)
		if err != nil {
			return err
		}
		return writeMandates(os.Stdout, id, list)
	})
}

// writeMandates writes a table of mandates for the assuré who was asked about.
func writeMandates(out io.Writer, of domain.ID, list []domain.Mandate) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "CHILD\tHOLDER\tROLE\tGRANTED\tENDED") // Flush tells what went wrong
	for _, m := range list {
		role, ended := "sees", "-"
		if m.Child.Assure == of.Assure {
			role = "is seen"
		}
		if !m.Ended.IsZero() {
			ended = m.Ended.UTC().Format(time.RFC3339)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", m.Child, domain.ID{Kind: domain.KindAssure, Assure: m.Holder, Key: m.Holder}, role, m.Granted.UTC().Format(time.RFC3339), ended)
	}
	return table.Flush()
}
