package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/nir"
)

// names finds the people whom a command names, by ids or by lines of standard
// input.
type names struct {
	db    *db.DB
	lines *bufio.Scanner
}

// withNames opens the database for a command that names people.
func withNames(ctx context.Context, c *config, command string, do func(names) error) error {
	d, err := openDatabase(ctx, c, command, db.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer d.Close()
	return do(newNames(d.DB))
}

func newNames(d *db.DB) names { return names{d, bufio.NewScanner(os.Stdin)} }

// line is the next line of standard input; want says what it should hold.
func (n names) line(want string) (string, error) {
	if !n.lines.Scan() {
		return "", errors.Join(fmt.Errorf("standard input has ended: it should hold a line with %s", want), n.lines.Err())
	}
	return strings.TrimSpace(n.lines.Text()), nil
}

// assure is the assuré whom an argument names.
func (n names) assure(ctx context.Context, argument string) (domain.ID, error) {
	if argument != "-" {
		id, ok := domain.ParseID(argument)
		if !ok || id.Kind != domain.KindAssure {
			return id, errors.New("this is not the id of an assuré: copy it from the API (me { id }), or give - and a NIR on standard input")
		}
		return id, nil
	}
	text, err := n.line("a NIR")
	if err != nil {
		return domain.ID{}, err
	}
	number, err := nir.Parse(text)
	if err != nil {
		return domain.ID{}, fmt.Errorf("the NIR on standard input: %w", err)
	}
	return n.db.AssureByNIR(ctx, number)
}

// child is the child whom an argument names. Errors repeat nothing of a line.
func (n names) child(ctx context.Context, argument string) (domain.ID, error) {
	const want = "a NIR, the child's day of birth such as 2017-09-03, and for twins the rank"
	if argument != "-" {
		id, ok := domain.ParseID(argument)
		if !ok || id.Kind != domain.KindBeneficiary {
			return id, errors.New("this is not the id of a child: copy it from the API (me { beneficiaries { id } }), or give - and on standard input " + want)
		}
		return id, nil
	}
	text, err := n.line(want)
	if err != nil {
		return domain.ID{}, err
	}
	name, err := parseChildLine(text)
	if err != nil {
		return domain.ID{}, fmt.Errorf("the child's line on standard input: %w: it should hold %s", err, want)
	}
	file, err := n.db.AssureByNIR(ctx, name.file)
	if err != nil {
		return domain.ID{}, err
	}
	return n.db.ChildBorn(ctx, file.Assure, name.born, name.rank)
}

// childLine names a child as a line of standard input does.
type childLine struct {
	file nir.NIR
	born civil.Date
	rank int // 0 where the line does not say
}

// parseChildLine reads a child's line; the NIR may be written in groups.
func parseChildLine(text string) (c childLine, err error) {
	fields := strings.Fields(text)
	at := slices.IndexFunc(fields, func(f string) bool { c.born, err = civil.Parse(f); return err == nil })
	switch {
	case at < 0:
		return c, errors.New("no day such as 2017-09-03")
	case at < len(fields)-2:
		return c, errors.New("too many words after the day")
	case at == len(fields)-2:
		if c.rank, err = strconv.Atoi(fields[at+1]); err != nil || c.rank < 1 {
			return c, errors.New("the rank is not a number from 1")
		}
	}
	c.file, err = nir.Parse(strings.Join(fields[:at], ""))
	return c, err
}
