-- Sendings of payments: files that were taken in, and calls. The counts of a
-- batch advance in the transaction of the records that they count (db/batches.go),
-- so that they never tell of what was not stored. A batch that neither finished
-- nor failed is RUNNING while its program holds the batch's advisory lock, and was
-- killed where nobody does.
CREATE TABLE ingest_batches (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender              text NOT NULL CHECK (sender <> ''), -- the name of a service, or what --by says
    session_id          uuid,                               -- of a call
    source              text NOT NULL CHECK (source IN ('FILE', 'CALL')),
    file                text,                               -- without its folder; NULL for calls and standard input
    format              text CHECK (format IN ('NDJSON', 'CSV')),
    status              text NOT NULL CHECK (status IN ('RUNNING', 'FINISHED', 'FAILED')),
    began_at            timestamptz NOT NULL DEFAULT now(),
    ended_at            timestamptz,
    added               bigint NOT NULL DEFAULT 0,
    corrected           bigint NOT NULL DEFAULT 0,
    unchanged           bigint NOT NULL DEFAULT 0,
    rejected            bigint NOT NULL DEFAULT 0,
    added_cents         bigint NOT NULL DEFAULT 0, -- amounts as they were sent
    corrected_cents     bigint NOT NULL DEFAULT 0,
    unchanged_cents     bigint NOT NULL DEFAULT 0,
    complementary_cents bigint NOT NULL DEFAULT 0, -- known parts of all three
    CHECK ((status = 'RUNNING') = (ended_at IS NULL)),
    CHECK ((source = 'CALL') = (session_id IS NOT NULL))
);
CREATE INDEX ingest_batches_of ON ingest_batches (sender, id);
CREATE TABLE ingest_batch_rejects (
    batch_id bigint NOT NULL REFERENCES ingest_batches,
    code     text NOT NULL,
    count    bigint NOT NULL,
    PRIMARY KEY (batch_id, code)
);

GRANT SELECT, INSERT, UPDATE ON ingest_batches, ingest_batch_rejects TO comptesante_app;
