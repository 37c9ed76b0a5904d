package db_test

import (
	"context"
	"testing"
	"time"

	"comptesante/db"
	"comptesante/db/dbtest"
)

// TestPurge: batches go with their rejects once they are older than what is
// kept, keys of calls after thirty days, both to the second and however many
// there are, and nothing else does. It fails where one transaction's worth is all
// that goes, or where a batch goes before the key whose repetition tells it.
func TestPurge(t *testing.T) {
	d, name := dbtest.Open(t)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	batch := func(why string, count int, age time.Duration) {
		dbtest.Exec(t, name, `WITH b AS (INSERT INTO ingest_batches (sender, source, file, status, began_at, ended_at)
			SELECT 'caisse', 'FILE', $1, 'FINISHED', $2, $2 FROM generate_series(1, $3) RETURNING id)
			INSERT INTO ingest_batch_rejects SELECT id, 'SUM', 1 FROM b`, why, now.Add(-age), count)
	}
	key := func(why string, age time.Duration) {
		dbtest.Exec(t, name, `INSERT INTO idempotency (actor, operation, key, input_hmac, outcome, created_at) VALUES ('a', 'o', $1, '', '{}', $2)`, why, now.Add(-age))
	}
	batch("old", 2500, 400*day+time.Second)
	batch("a year old", 1, 400*day)
	batch("new", 1, 0)
	key("old", 30*day+time.Second)
	key("a month old", 30*day)
	left := func() (batches, rejects, keys int) {
		conn := dbtest.Connect(t, db.App, name)
		defer func() { _ = conn.Close(context.Background()) }()
		if err := conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM ingest_batches), (SELECT count(*) FROM ingest_batch_rejects),
			(SELECT count(*) FROM idempotency)`).Scan(&batches, &rejects, &keys); err != nil {
			t.Fatal(err)
		}
		return batches, rejects, keys
	}
	for _, row := range []struct {
		why                   string
		keep                  time.Duration
		batches, keys         int64
		leftBatches, leftKeys int
	}{
		{"what is older than 400 days", 400 * day, 2500, 1, 2, 1},
		{"again", 400 * day, 0, 0, 2, 1},
		{"a batch is kept as long as a key that tells it, whatever is asked for", 0, 1, 0, 1, 1},
	} {
		batches, keys, err := d.Purge(t.Context(), now, row.keep)
		if err != nil || batches != row.batches || keys != row.keys {
			t.Errorf("%s: %d batches and %d keys are gone, want %d and %d: %v", row.why, batches, keys, row.batches, row.keys, err)
		}
		if batches, rejects, keys := left(); batches != row.leftBatches || rejects != row.leftBatches || keys != row.leftKeys {
			t.Errorf("%s: left are %d batches, %d rejects, %d keys", row.why, batches, rejects, keys)
		}
	}
}
