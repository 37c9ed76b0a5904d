package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"comptesante/db"
	"comptesante/domain"
)

type ingestBatchesCommand struct {
	Last int    `help:"How many." default:"20"`
	By   string `help:"Of this sender alone." placeholder:"NAME"`
	JSON bool   `help:"As JSON, one batch a line, with its rejects by code." name:"json"`
}

// mostListed bounds --last: a list is read at once.
const mostListed = 10_000

// Run lists the batches.
func (i ingestBatchesCommand) Run(ctx context.Context, c *config) error {
	if i.Last < 1 || i.Last > mostListed {
		return fmt.Errorf("--last is %d: give 1 to %d", i.Last, mostListed)
	}
	d, err := openDatabase(ctx, c, "ingest", db.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer d.Close()
	query := db.BatchQuery{Limit: i.Last}
	if i.By != "" {
		query.Sender = &i.By
	}
	batches, err := d.IngestBatches(ctx, query)
	if err != nil {
		return err
	}
	if i.JSON {
		return printJSON(os.Stdout, batches)
	}
	return printTable(os.Stdout, batches)
}

// listed is a batch as JSON tells it.
type listed struct {
	ID                 string               `json:"id"`
	Sender             string               `json:"sender"`
	Source             domain.BatchSource   `json:"source"`
	File               *string              `json:"file"`
	Format             *domain.BatchFormat  `json:"format"`
	Status             domain.BatchStatus   `json:"status"`
	BeganAt            time.Time            `json:"beganAt"`
	EndedAt            *time.Time           `json:"endedAt"`
	Added              int                  `json:"added"`
	Corrected          int                  `json:"corrected"`
	Unchanged          int                  `json:"unchanged"`
	Rejected           int                  `json:"rejected"`
	AddedCents         int64                `json:"addedCents"`
	CorrectedCents     int64                `json:"correctedCents"`
	UnchangedCents     int64                `json:"unchangedCents"`
	ComplementaryCents int64                `json:"complementaryCents"`
	Rejects            []domain.RejectCount `json:"rejects"`
}

func printJSON(out io.Writer, batches []domain.IngestBatch) error {
	e := json.NewEncoder(out)
	for _, b := range batches {
		rejects := b.Rejects
		if rejects == nil {
			rejects = []domain.RejectCount{}
		}
		if err := e.Encode(listed{
			ID: b.ID.String(), Sender: b.Sender, Source: b.Source, File: b.File, Format: b.Format, Status: b.Status, BeganAt: b.BeganAt, EndedAt: b.EndedAt,
			Added: b.Counts.Added, Corrected: b.Counts.Corrected, Unchanged: b.Counts.Unchanged, Rejected: b.Counts.Rejected,
			AddedCents: int64(b.Amounts.Added), CorrectedCents: int64(b.Amounts.Corrected), UnchangedCents: int64(b.Amounts.Unchanged),
			ComplementaryCents: int64(b.Amounts.Complementary), Rejects: rejects,
		}); err != nil {
			return err
		}
	}
	return nil
}

// printTable writes the batches for people: amounts in euros, instants in the
// machine's own time.
func printTable(out io.Writer, batches []domain.IngestBatch) error {
	if len(batches) == 0 {
		_, err := fmt.Fprintln(out, "no batches yet: see comptesante ingest payments --help")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	lines := []string{"BATCH\tBEGAN\tTOOK\tSTATUS\tBY\tFROM\tADDED\tCORRECTED\tUNCHANGED\tREJECTED\tACCEPTED\tMUTUELLES\tREJECTS"}
	for i := range batches {
		lines = append(lines, row(&batches[i]))
	}
	_, err := fmt.Fprintln(t, strings.Join(lines, "\n"))
	return errors.Join(err, t.Flush())
}

// row is a batch in the table.
func row(b *domain.IngestBatch) string {
	took, from := "-", "a call"
	if b.EndedAt != nil {
		took = b.EndedAt.Sub(b.BeganAt).Round(time.Millisecond).String()
	}
	switch {
	case b.File != nil:
		from = printable(*b.File)
	case b.Source == domain.BatchOfFile:
		from = "standard input"
	}
	var rejects []string
	for _, r := range b.Rejects {
		rejects = append(rejects, fmt.Sprintf("%s %d", r.Code, r.Count))
	}
	return strings.Join([]string{
		b.ID.String(), b.BeganAt.Local().Format(time.DateTime), took, string(b.Status), printable(b.Sender), from,
		strconv.Itoa(b.Counts.Added), strconv.Itoa(b.Counts.Corrected), strconv.Itoa(b.Counts.Unchanged), strconv.Itoa(b.Counts.Rejected),
		b.Amounts.Accepted().String(), b.Amounts.Complementary.String(), strings.Join(rejects, ", "),
	}, "\t")
}

// printable is a text from outside without what would move a terminal's cursor
// or break the table.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if !strconv.IsPrint(c) {
			return '?'
		}
		return c
	}, s)
}
