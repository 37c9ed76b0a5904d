package db

import (
	"context"

	"comptesante/domain/actor"
)

// FileRead is one of several files to be read, as somebody sees it.
type FileRead struct {
	Sight actor.Sight
	FileQuery
}

// File reads what one operation shows of a file, all of one moment: in one round
// trip, and a second one where movements of its payments are asked for. What is
// not in memory of the reference data costs a statement a table. QUERY_TOO_COMPLEX
// where there is more than may be read.
func (d *DB) File(ctx context.Context, sight actor.Sight, q FileQuery) (File, error) {
	files, err := d.Files(ctx, []FileRead{{sight, q}})
	if err != nil {
		return File{}, err
	}
	return files[0], nil
}

// Files reads several files as File reads one, in their order, all in the same
// round trips: it is the statements, not the trips, that grow with their number.
func (d *DB) Files(ctx context.Context, asked []FileRead) (files []File, err error) {
	defer wrap(&err, "File")
	files = make([]File, len(asked))
	readers := make([]*fileReader, len(asked))
	movements := false
	for i, read := range asked {
		readers[i] = &fileReader{d: d, FileRead: read, file: &files[i]}
		movements = movements || readers[i].needsMovements()
	}
	stages := []func(*reads){func(r *reads) {
		for _, reader := range readers {
			reader.addTo(r)
		}
	}}
	if movements {
		stages = append(stages, func(r *reads) {
			for _, reader := range readers {
				reader.addMovements(r)
			}
		})
	}
	if err := d.snapshot(ctx, stages...); err != nil {
		return nil, err
	}
	for _, r := range readers {
		if err := r.complete(ctx); err != nil {
			return nil, err
		}
	}
	return files, nil
}
