-- The doubtful parameters of the rules that an operator has given another value
-- (domain/reimburse says which there are, and what their values look like). One
-- that is not here has the release's own. What was here before is in the audit.
CREATE TABLE parameters (
    key        text PRIMARY KEY,
    value      text NOT NULL CHECK (value <> ''),
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL CHECK (changed_by <> ''),
    reason     text NOT NULL CHECK (reason <> '')
);

-- Programs keep them in memory, as reference data: the same version tells of a
-- change, and the same chime. There are few: all are read anew.
CREATE TRIGGER raise BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON parameters FOR EACH STATEMENT EXECUTE FUNCTION raise_reference_version();

-- Operators' commands act as the app role, so it may change them; no request does.
GRANT SELECT, INSERT, UPDATE, DELETE ON parameters TO comptesante_app;
