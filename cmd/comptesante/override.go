package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"comptesante/db"
)

// An override is what an operator sets in place of the release's own: a doubtful
// parameter of the rules, or the kind of an act's code.

// grounds are the flags of commands that override.
type grounds struct {
	Reason string `help:"Why, for the audit; say nothing about a person." placeholder:"TEXT"`
	By     string `help:"Who changes it, for the audit." default:"operator" placeholder:"NAME"`
}

// override opens the database, changes what is asked and prints what became of it.
func override[Changed any](ctx context.Context, c *config, command string, g grounds,
	change func(d *db.DB) (Changed, error), told func(Changed) string) error {
	if strings.TrimSpace(g.Reason) == "" {
		return errors.New("give --reason TEXT: the audit keeps why it was changed")
	}
	d, err := openDatabase(ctx, c, command, db.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer d.Close()
	done, err := change(d.DB)
	if err != nil {
		return err
	}
	_, err = fmt.Println(told(done))
	return err
}

// overrideList is a list that is printed for people, or as JSON for programs.
type overrideList interface{ write(w io.Writer) error }

// printList opens the database, reads a list and prints it.
func printList(ctx context.Context, c *config, command string, asJSON bool, read func(d *db.DB) (overrideList, error)) error {
	d, err := openDatabase(ctx, c, command, db.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer d.Close()
	list, err := read(d.DB)
	switch {
	case err != nil:
		return err
	case !asJSON:
		return list.write(os.Stdout)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(list)
}

type changedBy struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// String tells who changed it, when and why.
func (c changedBy) String() string {
	return fmt.Sprintf("changed by %s at %s: %s", c.By, c.At.Format(time.RFC3339), c.Reason)
}
