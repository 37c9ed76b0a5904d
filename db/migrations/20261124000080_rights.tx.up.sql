-- What an account may see hangs on the people of its file, and on the children on
-- whom it holds a mandate. Servers remember it, and ask for the version alone:
-- whoever changes a person raises the version of all who may see them.
CREATE FUNCTION raise_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE assures a SET version = version + 1
    FROM (SELECT assure_id AS id FROM changed
          UNION
          SELECT m.holder_assure_id FROM changed c
          JOIN mandates m ON m.assure_id = c.assure_id AND m.beneficiary_id = c.id AND m.ended_at IS NULL) w
    WHERE a.id = w.id;
    RETURN NULL;
END $$;

CREATE TRIGGER people_added AFTER INSERT ON beneficiaries REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION raise_versions();
CREATE TRIGGER people_changed AFTER UPDATE ON beneficiaries REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION raise_versions();
CREATE TRIGGER people_removed AFTER DELETE ON beneficiaries REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION raise_versions();
