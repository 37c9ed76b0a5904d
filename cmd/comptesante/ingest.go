package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"comptesante/db"
	"comptesante/domain/civil"
	"comptesante/ingest"
)

type ingestCommand struct {
	Payments ingestPaymentsCommand `cmd:"" help:"Take a file of payments in: NDJSON or CSV, packed with gzip or not (docs/ingest.md). Example: comptesante ingest payments docs/examples/payments.ndjson"`
	Batches  ingestBatchesCommand  `cmd:"" help:"List what was taken in: files and calls, the newest first. Example: comptesante ingest batches --last 5"`
}

type ingestPaymentsCommand struct {
	File    string `arg:"" help:"The file, or - for standard input."`
	Format  string `help:"ndjson or csv; by default, what the file's name tells, or else its first byte." enum:"ndjson,csv," default:"" placeholder:"FORMAT"`
	Rejects string `help:"Where the rejected lines' numbers, reasons and mends go; FILE.rejects.ndjson by default." placeholder:"PATH"`
	By      string `help:"Who sends: the name of a service, which then sees the batch by the API." default:"ingest"`
}

// Run takes the file in. Its exit status is 1 where a line was rejected.
func (i ingestPaymentsCommand) Run(ctx context.Context, c *config) error {
	if i.By == "" {
		return errors.New("--by is empty: name who sends")
	}
	collectRarely()
	in, err := i.open()
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read from
	rejects := &lateFile{path: i.rejectsPath()}
	if err := i.checkRejects(in, rejects.path); err != nil {
		return err
	}
	if err := i.forgetRejects(rejects.path); err != nil {
		return err
	}
	d, err := openDatabase(ctx, c, "ingest", db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	sum, err := i.take(ctx, d.DB, in, rejects)
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

// take takes the file in as a batch.
func (i ingestPaymentsCommand) take(ctx context.Context, d *db.DB, in io.Reader, rejects io.Writer) (ingest.Summary, error) {
	batch, err := d.BeginBatch(ctx, i.By, i.baseName())
	if err != nil {
		return ingest.Summary{}, err
	}
	payments := ingest.Payments{Store: batch, Account: batch, By: i.By, Today: civil.Of(time.Now()), Name: i.name(), Format: ingest.Format(i.Format), Rejects: rejects}
	sum, err := payments.Run(ctx, in)
	if ending := batch.End(ctx, err != nil); err == nil {
		err = ending // of a run that failed, what has failed it is told
	}
	return sum, err
}

// baseName is the file's name in the list of batches.
func (i ingestPaymentsCommand) baseName() string {
	if i.File == "-" {
		return ""
	}
	return strings.ToValidUTF8(filepath.Base(i.File), "\ufffd")
}

func (i ingestPaymentsCommand) open() (io.ReadCloser, error) {
	if i.File == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	return os.Open(i.File)
}

// name is the file's, which may tell its format; standard input has none.
func (i ingestPaymentsCommand) name() string {
	if i.File == "-" {
		return ""
	}
	return i.File
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

// checkRejects refuses to write the rejects over the file itself.
func (i ingestPaymentsCommand) checkRejects(in io.Reader, path string) error {
	file, ok := in.(*os.File)
	if !ok {
		file = os.Stdin // a file too, where the shell says so
	}
	source, err := file.Stat()
	if err != nil {
		return err
	}
	if source.IsDir() {
		return fmt.Errorf("%s is a folder: give a file", i.File)
	}
	if target, err := os.Stat(path); err == nil && os.SameFile(source, target) {
		return errors.New("--rejects names the file itself: give another path")
	}
	return nil
}

// forgetRejects clears away what an earlier run left before this one begins, so
// that it is never taken for this one's, however it ends: a file at the place
// that we chose ourselves is removed, and one that the operator named is emptied.
func (i ingestPaymentsCommand) forgetRejects(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular(): // such as /dev/stderr, which holds nothing
		return nil
	case i.Rejects == "":
		return os.Remove(path)
	}
	return os.Truncate(path, 0)
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
