package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"comptesante/db"
	"comptesante/domain/civil"
	"comptesante/ingest"
)

type ingestCommand struct {
	Payments ingestPaymentsCommand `cmd:"" help:"Take a file of payments in, one JSON object a line (docs/ingest.md). Example: comptesante ingest payments docs/examples/payments.ndjson"`
}

type ingestPaymentsCommand struct {
	File    string `arg:"" help:"The file, or - for standard input."`
	Rejects string `help:"Where the rejected lines' numbers and reasons go; FILE.rejects.ndjson by default." placeholder:"PATH"`
	By      string `help:"Who sends, for the audit." default:"ingest"`
}

// Run takes the file in. Its exit status is 1 where a line was rejected.
func (i ingestPaymentsCommand) Run(ctx context.Context, c *config) error {
	in, err := i.open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read from
	d, err := openDatabase(ctx, c, "ingest", db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	rejects := &lateFile{path: i.rejectsPath()}
	if err := os.Remove(rejects.path); err != nil && !errors.Is(err, fs.ErrNotExist) { // those of an earlier run
		return err
	}
	payments := ingest.Payments{Store: d, By: i.By, Today: civil.Of(time.Now()), Rejects: rejects}
	sum, err := payments.Run(ctx, in)
	if closing := rejects.Close(); err == nil {
		err = closing
	}
	fmt.Println(sum)
	switch {
	case err != nil:
		return err
	case sum.Rejected > 0:
		return fmt.Errorf("%d lines were rejected, the others are in: see %s", sum.Rejected, rejects.path)
	}
	return nil
}

func (i ingestPaymentsCommand) open() (io.ReadCloser, error) {
	if i.File == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	return os.Open(i.File)
}

func (i ingestPaymentsCommand) rejectsPath() string {
	switch {
	case i.Rejects != "":
		return i.Rejects
	case i.File == "-":
		return "payments.rejects.ndjson"
	}
	return i.File + ".rejects.ndjson"
}

// lateFile is a file that is made when something is written, so that a run
// without rejects leaves none.
type lateFile struct {
	path string
	file *os.File
}

// Write implements io.Writer.
func (f *lateFile) Write(b []byte) (int, error) {
	if f.file == nil {
		file, err := os.Create(f.path)
		if err != nil {
			return 0, err
		}
		f.file = file
	}
	return f.file.Write(b)
}

// Close closes the file where there is one.
func (f *lateFile) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
