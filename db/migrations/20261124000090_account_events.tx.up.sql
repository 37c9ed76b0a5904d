-- Events of an account say in their own row what they speak of: ids and levels,
-- nothing that would have to be sealed (domain.AccountFact).
ALTER TABLE feed_events ADD COLUMN fact jsonb;
