-- What the demonstration's generated families are made of, so that no other seed
-- is loaded over them. A seed is a whole number of 64 bits without sign.
ALTER TABLE installation ADD demo_seed numeric(20);
COMMENT ON COLUMN installation.demo_seed IS 'NULL: no generated families were loaded';
