-- Shared custody: who else than the head of a file sees a child of it. A second
-- parent sees a child by a mandate, never by a copy: the payments stay in the
-- file to whose account the care was attached.
CREATE TABLE mandates (
    assure_id        bigint NOT NULL, -- whose file
    beneficiary_id   bigint NOT NULL, -- the child
    holder_assure_id bigint NOT NULL REFERENCES assures, -- the second parent
    granted_at       timestamptz NOT NULL DEFAULT now(),
    ended_at         timestamptz, -- NULL while it stands
    PRIMARY KEY (assure_id, beneficiary_id, holder_assure_id, granted_at),
    FOREIGN KEY (assure_id, beneficiary_id) REFERENCES beneficiaries,
    CHECK (holder_assure_id <> assure_id),
    CHECK (ended_at >= granted_at)
);
CREATE UNIQUE INDEX mandates_standing ON mandates (assure_id, beneficiary_id, holder_assure_id) WHERE ended_at IS NULL;
CREATE INDEX mandates_held ON mandates (holder_assure_id, assure_id, beneficiary_id) WHERE ended_at IS NULL; -- read with each session

-- A mandate is granted and ended, and neither moved nor removed.
GRANT SELECT, INSERT, UPDATE (ended_at) ON mandates TO comptesante_app;
