package main

import (
	"context"
	"fmt"

	"comptesante/db"
)

type feedCommand struct {
	NewEpoch newEpochCommand `cmd:"" help:"Begin all feeds anew, after a restore from a backup: clients are told to load anew. Example: comptesante feed new-epoch"`
}

type newEpochCommand struct{}

// Run begins the feeds anew.
func (newEpochCommand) Run(ctx context.Context, c *config) error {
	d, err := openDatabase(ctx, c, "feed new-epoch", db.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer d.Close()
	if _, err := d.NewFeedEpoch(ctx, operator); err != nil {
		return err
	}
	_, err = fmt.Println("the feeds are begun anew: cursors from before are answered with FeedReset")
	return err
}
