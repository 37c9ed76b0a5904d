package domain

// maxKey is how long an idempotency key can be, in characters.
const maxKey = 64

// IdempotencyKey reads the key of a mutation's input: empty for none, or a
// VALIDATION error.
func IdempotencyKey(given *string) (string, error) {
	if given == nil {
		return "", nil
	}
	if !plain(*given, maxKey) {
		return "", Errorf(Validation, "idempotencyKey has 1 to %d printable characters: give a UUID, or leave it out", maxKey)
	}
	return *given, nil
}
