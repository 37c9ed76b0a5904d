-- Operators change kinds of acts by a command, with an audit line, and what was
-- taken away is seen by running programs too.

-- A row says which kind the release gave its code (null: it does not know it), and
-- who gave it another. A code of the release that is not here any more was taken
-- away by hand, which came to OTHER: it stays that.
DROP TRIGGER mark ON act_kinds;
DROP TRIGGER raise ON act_kinds;
ALTER TABLE act_kinds
    ADD own text CHECK (own IN ('CONSULTATION', 'PROCEDURE', 'IMAGING', 'BIOLOGY', 'PHARMACY', 'DENTAL', 'PARAMEDICAL',
                                'MIDWIFERY', 'DEVICE', 'HOSPITAL', 'TRANSPORT', 'ALLOWANCE', 'OTHER')),
    ADD changed_at timestamptz,
    ADD changed_by text CHECK (changed_by <> ''),
    ADD reason text CHECK (reason <> '');
INSERT INTO act_kinds (code, kind, own)
SELECT code, 'OTHER', kind FROM (VALUES
    ('CONSULTATION', 'G GS CS C V VS VG MD TCG TC MCG MPC MCS APC CNPSY COE COH COD GL CDE CCP'),
    ('PROCEDURE', 'ATM ADC ADE ADA K KC'), ('IMAGING', 'ADI Z'), ('BIOLOGY', 'B BHN P TB'), ('PHARMACY', 'PH1 PH7 PH4 PH2 PHN HD'),
    ('DENTAL', 'DEN SDE PRO ORT'), ('PARAMEDICAL', 'AMI AIS AMK AMS AMC AMO AMY AMP'), ('MIDWIFERY', 'SF SFI'),
    ('DEVICE', 'LPP OPT VER MON AUD'), ('HOSPITAL', 'FJ FPU GHS'), ('TRANSPORT', 'TSP VSL ABA TXP'), ('ALLOWANCE', 'IJ')
) AS k (kind, codes), regexp_split_to_table(k.codes, ' ') AS code
ON CONFLICT (code) DO UPDATE SET own = EXCLUDED.own;

-- A statement on kinds, whatever it does to whichever rows, makes programs forget
-- the acts that they have in memory: a row that is gone, or has another code,
-- could not tell of itself.
ALTER TABLE reference_version ADD acts bigint NOT NULL DEFAULT 0; -- the version of the last change of kinds
CREATE FUNCTION raise_acts_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE raised bigint;
BEGIN
    UPDATE reference_version SET version = version + 1, acts = version + 1 RETURNING version INTO raised;
    INSERT INTO outbox (assure_id, feed, seq) VALUES (0, 'reference', raised);
    RETURN NULL;
END $$;
CREATE TRIGGER raise BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON act_kinds FOR EACH STATEMENT EXECUTE FUNCTION raise_acts_version();
ALTER TABLE act_kinds DROP COLUMN version;

-- Operators' commands act as the app role, so it may change them; no request does.
GRANT INSERT, UPDATE, DELETE ON act_kinds TO comptesante_app;
