package resolvers

import (
	"context"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// movement is the movement of a payment, with as much of it as is selected: it
// was read with the payment's page, or is read together with those of other
// payments.
func (r *Resolver) movement(ctx context.Context, p *domain.Payment) (*domain.Movement, error) {
	m, needs := &p.Movement, selectionOf(ctx).movementNeeds()
	if needs.Any() && !m.Read {
		found, err := loadersOf(ctx).movements.load(ctx, movementKey{p.ID.Assure, m.Reference, needs})
		if err != nil {
			return nil, err
		}
		m = found
	}
	return m, nil
}

// movementKey names a movement of a file, and what of it is to be read.
type movementKey struct {
	assure    int64
	reference string
	needs     domain.MovementNeeds
}

// readMovements reads movements of whatever files in one round trip, each as far
// as it is asked for.
func (r Loaders) readMovements(ctx context.Context, keys []movementKey) (map[movementKey]domain.Movement, error) {
	who, from := actor.FromContext(ctx), civil.WindowStart(civil.Of(r.Now()))
	var reads []db.MovementRead
	place := make(map[movementKey]int) // of the read that a key is part of
	for _, key := range keys {
		group := movementKey{assure: key.assure, needs: key.needs}
		at, known := place[group]
		if !known {
			sight, ok := who.Sight(key.assure)
			if !ok {
				continue
			}
			at = len(reads)
			reads = append(reads, db.MovementRead{Sight: sight, Own: key.assure == who.Assure, From: from, Needs: key.needs, Bytes: r.ReadBytes})
		}
		place[group], place[key] = at, at
		reads[at].References = append(reads[at].References, key.reference)
	}
	read, err := r.DB.Movements(ctx, reads)
	if err != nil {
		return nil, err
	}
	found := make(map[movementKey]domain.Movement)
	for _, key := range keys {
		if at, ok := place[key]; ok {
			found[key] = read[at][key.reference]
		}
	}
	return found, nil
}
