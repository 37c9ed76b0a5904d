-- A file that is being taken in says so each few seconds in its own row, so that
-- it is told from one whose program is gone whatever becomes of a connection
-- (db/batches.go). It said so by an advisory lock before.
ALTER TABLE ingest_batches ADD alive_at timestamptz NOT NULL DEFAULT now();

-- What is too old to be asked for goes, some rows at a time (db/purge.go).
-- Batches are found by their keys, which are in the order of their beginnings.
CREATE INDEX idempotency_age ON idempotency (created_at);
GRANT DELETE ON ingest_batches, ingest_batch_rejects TO comptesante_app;
