-- When each chime was left, by the clock and not by the transaction's beginning:
-- the relay tells how long the oldest that it takes has waited. Who writes chimes
-- names the other columns, and need not know of it.
ALTER TABLE outbox ADD COLUMN left_at timestamptz NOT NULL DEFAULT clock_timestamp();
