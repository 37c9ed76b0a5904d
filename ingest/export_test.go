package ingest

// Rejected reads a rejects file, as line, field and code.
var Rejected = rejected
