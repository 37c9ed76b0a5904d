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

// Files reads several files as File reads one, in their order, all in the same
// round trip: it is the statements, not the trips, that grow with their number.
func (d *DB) Files(ctx context.Context, reads []FileRead) (files []File, err error) {
	defer wrap(&err, "Files")
	files = make([]File, len(reads))
	readers := make([]*fileReader, len(reads))
	for i, read := range reads {
		readers[i] = &fileReader{d: d, sight: read.Sight, q: read.FileQuery, file: &files[i], gathered: make([]*gathered, len(read.Pages))}
	}
	if err := d.prepared(func() error { return d.fly(ctx, readers...) }); err != nil {
		return nil, err
	}
	for _, r := range readers {
		if err := r.complete(ctx); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// fly reads what several readers need of the database, in one round trip.
func (d *DB) fly(ctx context.Context, readers ...*fileReader) error {
	if len(readers) == 0 {
		return nil
	}
	f, err := d.depart(ctx)
	if err != nil {
		return err
	}
	defer f.land()
	for _, r := range readers {
		if err := r.board(ctx, f); err != nil {
			return err
		}
	}
	return f.run(ctx)
}
