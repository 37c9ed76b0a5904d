package process

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"comptesante/db/embedded"
)

// Main is the main function of a bench: it runs run, which is given the file that
// --json names, empty for none, until that ends or a signal comes. A second signal
// ends the program at once; the processes that it started end with it.
func Main(name string, run func(ctx context.Context, file string) error) {
	embedded.Supervise()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	file := flag.String("json", "", "write the results to this file too, as JSON")
	flag.Parse()
	err := run(ctx, *file)
	if err != nil && ctx.Err() != nil {
		err = errors.New("stopped before it was done")
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}
