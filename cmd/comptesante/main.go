// Command comptesante is the back end of an online health-insurance account: it
// serves the API, brings the database up to date, takes payments in, and makes
// a demonstration. It is the only place that wires the parts together.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"comptesante/db/embedded"
	"comptesante/domain"
)

// commands is the command line.
type commands struct {
	Serve     serveCommand     `cmd:"" help:"Serve the API. Example: comptesante serve"`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database up to date. Example: DATABASE_URL=postgres://admin@db/comptesante comptesante migrate"`
	Ingest    ingestCommand    `cmd:"" help:"Take data in. Example: comptesante ingest payments payments.ndjson"`
	Demo      demoCommand      `cmd:"" help:"Make a demonstration. Example: comptesante demo pay --every 3s"`
	Feed      feedCommand      `cmd:"" help:"Look after the feeds. Example: comptesante feed new-epoch"`
	Token     tokenCommand     `cmd:"" help:"Open, extend and end sessions by hand. Example: comptesante token revoke 6f0c…"`
	Parameter parameterCommand `cmd:"" help:"Change what is doubtful of the rules of reimbursement. Example: comptesante parameter list"`
	ActKind   actKindCommand   `cmd:"" help:"Change which code of an act is of which kind. Example: comptesante act-kind list"`
	Mandate   mandateCommand   `cmd:"" help:"Let a second parent see a child of another's file (garde partagée). Example: comptesante mandate end CHILD HOLDER"`
	Version   versionCommand   `cmd:"" help:"Tell the version. Example: comptesante version"`
}

const description = `Back end of an online health-insurance account.

Without DATABASE_URL it starts a PostgreSQL of its own. All settings come from the environment: see docs/operations.md.`

func main() {
	embedded.Supervise()
	// The first signal asks to stop; a second one, with the default handling
	// back in place, ends the program at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	var line commands
	parsed := kong.Parse(&line, kong.Name("comptesante"), kong.Description(description), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)))
	config, err := loadConfig()
	if err != nil {
		fail(err)
	}
	slog.SetDefault(newLogger(config))
	err = parsed.Run(config)
	switch {
	case err != nil && ctx.Err() != nil:
		fail(errors.New("stopped before it was done"))
	case err != nil:
		fail(err)
	}
}

// fail ends the program with what is wrong, in words.
func fail(err error) {
	text := err.Error()
	var known *domain.Error
	if errors.As(err, &known) { // its code is for programs
		text = strings.Replace(text, known.Error(), known.Message, 1)
	}
	fmt.Fprintln(os.Stderr, "comptesante: "+text)
	os.Exit(1)
}

// newLogger writes for people on a terminal, and JSON for programs elsewhere.
func newLogger(c *config) *slog.Logger {
	if c.LogFormat == "json" || (c.LogFormat == "auto" && !term.IsTerminal(int(os.Stderr.Fd()))) {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.String(slog.TimeKey, a.Value.Time().Format("15:04:05.000"))
		}
		return a
	}}))
}

type versionCommand struct{}

// Run prints the version that the build recorded.
func (versionCommand) Run() error {
	info, _ := debug.ReadBuildInfo()
	version := "unknown"
	if info != nil {
		version = info.Main.Version + " " + info.GoVersion
	}
	_, err := fmt.Println("comptesante " + version)
	return err
}
