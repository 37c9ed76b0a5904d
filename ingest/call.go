package ingest

import (
	"comptesante/domain"
	"comptesante/domain/civil"
)

// MaxCall is how many payments a call can bring. It is the length that the
// schema states and that the limits on lists let through.
const MaxCall = 500

// Check reads the payments of a call as Payments reads those of a file: each is
// a checked record, or the first fault of it. today is the day in Paris.
func Check(lines []Line, today civil.Date) []domain.Submitted {
	all := make([]domain.Submitted, len(lines))
	for i := range lines {
		record, fault := lines[i].record()
		if fault == nil {
			fault = record.Check(today)
		}
		if all[i].Fault = fault; fault == nil {
			all[i].Record = record
		}
	}
	return all
}
