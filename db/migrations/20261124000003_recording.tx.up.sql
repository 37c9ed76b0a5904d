-- Recording in bulk. A foreign key costs each row that names another a look-up
-- of its own and a lock on the row that it names; those of a new payment took
-- as long as the payment itself. They are replaced by what holds without them:
-- payments and their keys are written by one function, in one transaction, with
-- keys of people and mutuelles that it has just read (db/record.go), and the
-- app may delete neither people nor mutuelles (payment_lines had no foreign
-- keys before: docs/decisions/0001-history-layout.md).
ALTER TABLE payment_keys DROP CONSTRAINT payment_keys_assure_id_fkey;
ALTER TABLE payments DROP CONSTRAINT payments_mutuelle_id_fkey, DROP CONSTRAINT payments_assure_id_beneficiary_id_fkey;

-- The relay takes what it finds, by its place in the table, and nobody looks a
-- chime up: the key served nobody, and each event paid for it.
ALTER TABLE outbox DROP CONSTRAINT outbox_pkey;
ALTER TABLE outbox REPLICA IDENTITY FULL; -- its rows can be deleted where an operator replicates all tables

-- A feed's row is raised by every transaction that tells of its assuré: with
-- room in its page, the new version stays there, and its index is left alone.
ALTER TABLE feeds SET (fillfactor = 50);
