// Command bench measures comptesante beside other GraphQL servers, in one run,
// on the same database, for the same questions: it fills a PostgreSQL of its
// own, starts each server as a process, compares their answers field by field,
// and only then loads them in turns. README.md says what is fair about it and
// what is not.
//
//	go run ./bench          (make bench builds and installs what it needs first)
//
// It needs Linux, whose /proc says what processes use.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"comptesante/bench/process"
)

func main() { process.Main("bench", run) }

// run does the whole: database, servers, comparison, measurement, report.
func run(ctx context.Context, file string) (err error) {
	c, err := loadConfig()
	if err != nil {
		return err
	}
	if err := process.CanMeasure(); err != nil {
		return err
	}
	d, err := openDatabase(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	people, err := d.people(ctx)
	if err != nil {
		return err
	}
	targets, err := startTargets(ctx, c, d)
	defer stopTargets(targets)
	if err != nil {
		return err
	}
	if err := compareAnswers(ctx, c, targets, people); err != nil {
		return err
	}
	began := time.Now()
	results, err := measure(ctx, c, d, targets, people)
	if err != nil {
		return err
	}
	r := newReport(c, began, results)
	if err := r.writeMarkdown(os.Stdout); err != nil {
		return err
	}
	return r.writeJSON(file)
}

// say tells a person how far the run is, beside the report on standard output.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
