-- Whoever changes what an assuré or a session may do raises a version; where that
-- is committed it is rung for, so that every node looks at the sockets of that
-- assuré at once (domain.FeedRights; 0 for sessions of services). A session that
-- is new has no socket yet, and an account without an open session none at all: so
-- opening files in bulk rings for nobody. Nodes look each second too: what is not
-- rung for, such as a birthday, is found then.
CREATE FUNCTION ring_account_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (assure_id, feed, seq)
    SELECT n.id, 'rights', 0 FROM changed n JOIN before o ON o.id = n.id
    WHERE n.version > o.version AND EXISTS (SELECT FROM sessions s WHERE s.assure_id = n.id AND s.ended_at IS NULL);
    RETURN NULL;
END $$;
CREATE FUNCTION ring_session_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO outbox (assure_id, feed, seq)
    SELECT DISTINCT coalesce(n.assure_id, 0), 'rights', 0 FROM changed n JOIN before o ON o.id = n.id
    WHERE n.version > o.version;
    RETURN NULL;
END $$;
CREATE TRIGGER rights_rung AFTER UPDATE ON assures REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION ring_account_rights();
CREATE TRIGGER rights_rung AFTER UPDATE ON sessions REFERENCING OLD TABLE AS before NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION ring_session_rights();
