-- What a history can be asked beyond its order by payment: where retentions come
-- from, daily allowances, the kind of act, free text, the order by care, and the
-- account that a payment went to.

-- The day of the last care, for the order by care.
ALTER TABLE payments ADD cared_on date, ADD account_sealed bytea;
UPDATE payments p SET cared_on = coalesce((SELECT max(l.cared_on) FROM payment_lines l
    WHERE l.assure_id = p.assure_id AND l.paid_on = p.paid_on AND l.payment_id = p.id), p.paid_on);
ALTER TABLE payments ALTER cared_on SET NOT NULL;
ALTER TABLE payments DROP CONSTRAINT payments_recipient_check,
    ADD CONSTRAINT payments_recipient_check CHECK (recipient IN ('ASSURE', 'PROFESSIONAL', 'EMPLOYER'));
DROP INDEX payments_history;
CREATE UNIQUE INDEX payments_history ON payments (assure_id, paid_on, id)
    INCLUDE (beneficiary_id, reference, movement, cared_on, recipient, amount_cents, complementary, complementary_cents, complementary_paid_on, mutuelle_id, revision);

-- The detail of what is held back of a line, where the fund gives it. A deferred
-- one is due on its line and held back of a later payment, as one with of_*.
CREATE TABLE payment_retentions (
    assure_id    bigint NOT NULL,
    paid_on      date NOT NULL, -- the payment's
    payment_id   bigint NOT NULL,
    position     smallint NOT NULL, -- the line's
    n            smallint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('PARTICIPATION', 'FRANCHISE', 'OTHER')),
    amount_cents integer NOT NULL,
    deferred     boolean NOT NULL DEFAULT false,
    of_cared_on  date,
    of_paid_on   date,
    of_label     text,
    CHECK ((of_cared_on IS NULL) = (of_label IS NULL) AND (of_paid_on IS NULL OR of_cared_on IS NOT NULL)),
    PRIMARY KEY (assure_id, paid_on, payment_id, position, n) INCLUDE (kind, amount_cents, deferred, of_cared_on, of_paid_on, of_label)
);

-- Daily allowances (indemnités journalières), one for its line.
CREATE TABLE payment_allowances (
    assure_id   bigint NOT NULL,
    paid_on     date NOT NULL, -- the payment's
    payment_id  bigint NOT NULL,
    position    smallint NOT NULL, -- the line's
    nature      text NOT NULL CHECK (nature IN ('SICKNESS', 'WORK_ACCIDENT', 'PARENTHOOD')),
    first_day   date NOT NULL,
    last_day    date NOT NULL,
    days        smallint NOT NULL CHECK (days BETWEEN 1 AND last_day - first_day + 1),
    daily_cents integer NOT NULL,
    gross_cents integer NOT NULL,
    csg_cents   integer NOT NULL,
    crds_cents  integer NOT NULL,
    PRIMARY KEY (assure_id, paid_on, payment_id, position) INCLUDE (nature, first_day, last_day, days, daily_cents, gross_cents, csg_cents, crds_cents)
);
ALTER TABLE payment_retentions SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);

-- What is searched for in words: small letters without accents.
CREATE FUNCTION fold(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT replace(replace(lower(regexp_replace(normalize(words, NFKD), '[\u0300-\u036f]', '', 'g')), 'œ', 'oe'), '’', '''')
$$;
ALTER TABLE acts ADD search text NOT NULL GENERATED ALWAYS AS (fold(code || ' ' || label)) STORED;
ALTER TABLE professionals ADD search text NOT NULL GENERATED ALWAYS AS (fold(name || ' ' || specialty || ' ' || coalesce(town, ''))) STORED;

-- Which code of an act is of which kind; any other is OTHER. The codes are seen
-- on statements, their meaning is not verified: an operator may change a row,
-- and programs see it within a second.
CREATE TABLE act_kinds (
    code    text PRIMARY KEY,
    kind    text NOT NULL CHECK (kind IN ('CONSULTATION', 'PROCEDURE', 'IMAGING', 'BIOLOGY', 'PHARMACY', 'DENTAL', 'PARAMEDICAL',
                                          'MIDWIFERY', 'DEVICE', 'HOSPITAL', 'TRANSPORT', 'ALLOWANCE', 'OTHER')),
    version bigint NOT NULL DEFAULT 0
);
INSERT INTO act_kinds (code, kind)
SELECT code, kind FROM (VALUES
    ('CONSULTATION', 'G GS CS C V VS VG MD TCG TC MCG MPC MCS APC CNPSY COE COH COD GL CDE CCP'),
    ('PROCEDURE', 'ATM ADC ADE ADA K KC'), ('IMAGING', 'ADI Z'), ('BIOLOGY', 'B BHN P TB'), ('PHARMACY', 'PH1 PH7 PH4 PH2 PHN HD'),
    ('DENTAL', 'DEN SDE PRO ORT'), ('PARAMEDICAL', 'AMI AIS AMK AMS AMC AMO AMY AMP'), ('MIDWIFERY', 'SF SFI'),
    ('DEVICE', 'LPP OPT VER MON AUD'), ('HOSPITAL', 'FJ FPU GHS'), ('TRANSPORT', 'TSP VSL ABA TXP'), ('ALLOWANCE', 'IJ')
) AS k (kind, codes), regexp_split_to_table(k.codes, ' ') AS code;
CREATE TRIGGER raise BEFORE INSERT OR UPDATE ON act_kinds FOR EACH STATEMENT EXECUTE FUNCTION raise_reference_version();
CREATE TRIGGER mark BEFORE INSERT OR UPDATE ON act_kinds FOR EACH ROW EXECUTE FUNCTION mark_reference_version();

GRANT SELECT, INSERT, UPDATE, DELETE ON payment_retentions, payment_allowances TO comptesante_app;
GRANT SELECT ON act_kinds TO comptesante_app;
