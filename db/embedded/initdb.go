package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// halfMade begins the name of a data folder that initdb works on.
const halfMade = "postgres.new-"

// initialise makes the data folder where there is none, in the first locale
// that the system has. initdb works beside it and the result is renamed, so
// that what was killed half-way is never taken for data.
func (p plan) initialise(ctx context.Context, locales ...string) error {
	at := layout{p.Dir}
	if err := at.removeHalfMade(); err != nil {
		return err
	}
	switch major, err := at.major(); {
	case err != nil:
		return err
	case major != 0:
		return p.As.ownTree(at.data())
	}
	// An empty folder is no obstacle, and Remove removes no other.
	if err := os.Remove(at.data()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not a data folder of PostgreSQL: move it away, or use another folder with COMPTESANTE_DATA", at.data())
	}
	made, err := p.initdb(ctx, locales)
	if err != nil {
		return errors.Join(err, at.removeHalfMade())
	}
	if err := os.Rename(made, at.data()); err != nil {
		return err
	}
	return p.sync(at.dir)
}

func (l layout) removeHalfMade() error {
	stale, err := filepath.Glob(filepath.Join(escapeGlob(l.dir), halfMade+"*"))
	if err != nil {
		return err
	}
	for _, path := range stale {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// initdb makes a data folder beside where it will be.
func (p plan) initdb(ctx context.Context, locales []string) (made string, err error) {
	for _, locale := range locales {
		made, err = os.MkdirTemp(p.Dir, halfMade)
		if err != nil {
			return "", err
		}
		if err := p.As.own(made); err != nil {
			return "", err
		}
		text, err := p.runInitdb(ctx, made, locale)
		switch {
		case err == nil:
			return made, nil
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case !strings.Contains(text, "invalid locale"):
			return "", fmt.Errorf("initdb: %w%s", err, oneLine(text))
		}
		if err := os.RemoveAll(made); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("initdb: the system has none of the locales %s", strings.Join(locales, ", "))
}

func (p plan) runInitdb(ctx context.Context, into, locale string) (output string, err error) {
	args := []string{
		"-D", into, "-U", Launcher, "--encoding=UTF8", "--locale=" + locale,
		// Who can open the socket in its private folder is trusted; there is no
		// other way in, and were one opened, it would let nobody in.
		"--auth-local=trust", "--auth-host=reject",
		"--data-checksums", "--no-instructions",
	}
	if p.Volatile {
		args = append(args, "--no-sync")
	}
	cmd := command(ctx, p.As, filepath.Join(p.Bin, "initdb"), args...)
	cmd.Dir = into
	tie(cmd.SysProcAttr, syscall.SIGKILL)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	err = cmd.Run()
	return text.String(), err
}

// sync makes a rename last.
func (p plan) sync(dir string) error {
	if p.Volatile {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
