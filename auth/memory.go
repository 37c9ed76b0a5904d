package auth

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/graph-gophers/dataloader/v7"
	lru "github.com/hashicorp/golang-lru/v2"

	"comptesante/db"
	"comptesante/domain/actor"
)

// memory is what is remembered of sessions that are asked for again and again,
// such as those of open sockets. What is remembered counts only while its version
// is that of the database: that alone is read each time.
type memory struct {
	once     sync.Once
	sessions *lru.Cache[string, db.Session]
	tokens   *dataloader.Loader[[sha256.Size]byte, *db.Session]
}

const (
	rememberedSessions = 40_000           // twice as many as a node has sockets
	tokenWait          = time.Millisecond // for more tokens, to look them up together
	tokenBatch         = 256
	tokenTimeout       = 5 * time.Second // for one look-up
)

func (s *Sessions) prepare() *memory {
	m := &s.memory
	m.once.Do(func() {
		m.sessions, _ = lru.New[string, db.Session](rememberedSessions) // fails for a size of 0 alone
		m.tokens = dataloader.NewBatchedLoader(s.sessionsByToken, dataloader.WithWait[[sha256.Size]byte, *db.Session](tokenWait),
			dataloader.WithBatchCapacity[[sha256.Size]byte, *db.Session](tokenBatch),
			dataloader.WithCache(&dataloader.NoCache[[sha256.Size]byte, *db.Session]{}))
	})
	return m
}

// Actors gives the actors of sessions by id. A session that has ended, or whose
// account is suspended, is missing.
func (s *Sessions) Actors(ctx context.Context, ids []string) (map[string]actor.Actor, error) {
	m := s.prepare()
	versions, err := s.DB.SessionVersions(ctx, ids)
	if err != nil {
		return nil, err
	}
	known, changed := make(map[string]db.Session, len(versions)), []string(nil)
	for id, version := range versions {
		if session, ok := m.sessions.Get(id); ok && session.Version == version {
			known[id] = session
		} else {
			changed = append(changed, id)
		}
	}
	if len(changed) > 0 {
		read, err := s.DB.SessionsByID(ctx, changed)
		if err != nil {
			return nil, err
		}
		for id, session := range read {
			m.sessions.Add(id, session)
			known[id] = session
		}
	}
	actors := make(map[string]actor.Actor, len(known))
	for id, session := range known {
		if a, err := actorOf(session, s.Now()); err == nil {
			actors[id] = a
		}
	}
	return actors, nil
}

// AuthenticateSocket is AuthenticateHeader for many who come at once, as after a
// restart: tokens are looked up together, and their sessions remembered.
func (s *Sessions) AuthenticateSocket(ctx context.Context, header string) (actor.Actor, error) {
	m := s.prepare()
	token := Bearer(header)
	if !isToken(token) {
		return actor.Actor{}, errBadToken
	}
	session, err := m.tokens.Load(ctx, hashToken(token))()
	switch {
	case err != nil:
		return actor.Actor{}, err
	case session == nil:
		return actor.Actor{}, errBadToken
	}
	m.sessions.Add(session.ID, *session)
	return actorOf(*session, s.Now())
}

// sessionsByToken looks up tokens for all who wait: none of them ends it.
func (s *Sessions) sessionsByToken(ctx context.Context, hashes [][sha256.Size]byte) []*dataloader.Result[*db.Session] {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenTimeout)
	defer cancel()
	found, err := s.DB.SessionsByToken(ctx, hashes)
	results := make([]*dataloader.Result[*db.Session], len(hashes))
	for i, hash := range hashes {
		results[i] = &dataloader.Result[*db.Session]{Error: err}
		if session, ok := found[hash]; ok {
			results[i].Data = &session
		}
	}
	return results
}
