package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"comptesante/auth"
	"comptesante/db"
	"comptesante/domain/actor"
)

type tokenCommand struct {
	Mint   tokenMintCommand   `cmd:"" help:"Open a session and print its id and token. Example: echo 185057599000129 | comptesante token mint -"`
	Extend tokenExtendCommand `cmd:"" help:"Move the end of a session. Example: comptesante token extend 6f0c… --for 8h"`
	Revoke tokenRevokeCommand `cmd:"" help:"End a session at once, its sockets included. Example: comptesante token revoke 6f0c…"`
}

// operator is who acts by these commands, for the audit.
const operator = "operator"

type tokenMintCommand struct {
	Assure  string        `arg:"" optional:"" help:"The id of an assuré as the API gives it, or - to read a NIR from standard input (never as an argument: others see those)."`
	Service string        `help:"Open it for a program of this name instead." placeholder:"NAME"`
	Level   string        `help:"How surely the person is known: LOCAL1, LOCAL2, FC1 or FC2." default:"LOCAL2"`
	For     time.Duration `help:"How long it is good for." default:"8h"`
}

// Run opens the session.
func (t tokenMintCommand) Run(ctx context.Context, c *config) error {
	level, ok := actor.ParseLevel(t.Level)
	switch {
	case !ok:
		return fmt.Errorf("--level is %q: give LOCAL1, LOCAL2, FC1 or FC2", t.Level)
	case t.For <= 0:
		return errors.New("--for must be positive, such as 8h")
	case (t.Assure == "") == (t.Service == ""):
		return errors.New("give an assuré, or --service NAME, and not both")
	}
	return withSessions(ctx, c, "token mint", func(s *auth.Sessions) error {
		session := db.NewSession{Role: actor.Service, Level: level, Label: t.Service, Ends: s.Now().Add(t.For)}
		if t.Assure != "" {
			id, err := newNames(s.DB).assure(ctx, t.Assure)
			if err != nil {
				return err
			}
			session.Role, session.Assure, session.Label = actor.Assure, id.Assure, "minted by hand"
		}
		id, token, err := s.Mint(ctx, operator, session)
		if err != nil {
			return err
		}
		_, err = fmt.Printf("session %s\ntoken   %s\nends    %s\n", id, token, session.Ends.UTC().Format(time.RFC3339))
		return err
	})
}

type tokenExtendCommand struct {
	Session string        `arg:"" help:"The session's id."`
	For     time.Duration `help:"How long it is good for from now." default:"8h"`
}

// Run moves the end.
func (t tokenExtendCommand) Run(ctx context.Context, c *config) error {
	if t.For <= 0 {
		return errors.New("--for must be positive, such as 8h")
	}
	return withSessions(ctx, c, "token extend", func(s *auth.Sessions) error {
		ends := s.Now().Add(t.For)
		if err := s.DB.ExtendSession(ctx, operator, t.Session, ends); err != nil {
			return err
		}
		_, err := fmt.Printf("ends %s\n", ends.UTC().Format(time.RFC3339))
		return err
	})
}

type tokenRevokeCommand struct {
	Session string `arg:"" help:"The session's id."`
}

// Run ends the session.
func (t tokenRevokeCommand) Run(ctx context.Context, c *config) error {
	return withSessions(ctx, c, "token revoke", func(s *auth.Sessions) error {
		if err := s.DB.EndSession(ctx, operator, t.Session); err != nil {
			return err
		}
		_, err := fmt.Println("ended")
		return err
	})
}

func withSessions(ctx context.Context, c *config, command string, do func(*auth.Sessions) error) error {
	d, err := openDatabase(ctx, c, command, db.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer d.Close()
	return do(&auth.Sessions{DB: d.DB, Now: time.Now})
}
