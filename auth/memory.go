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
	"comptesante/domain/civil"
)

// memory is what is remembered of sessions that are asked for again and again,
// such as those of open sockets. What is remembered counts only while its version
// is that of the database: that alone is read each time.
type memory struct {
	once     sync.Once
	sessions *lru.Cache[string, known]
	tokens   *dataloader.Loader[[sha256.Size]byte, *db.Session]
}

// known is a session with its actor as of a day: on another day somebody may be
// older.
type known struct {
	session db.Session
	actor   actor.Actor
	fault   error // why there is no actor
	day     civil.Date
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
		m.sessions, _ = lru.New[string, known](rememberedSessions) // fails for a size of 0 alone
		m.tokens = dataloader.NewBatchedLoader(s.sessionsByToken, dataloader.WithWait[[sha256.Size]byte, *db.Session](tokenWait),
			dataloader.WithBatchCapacity[[sha256.Size]byte, *db.Session](tokenBatch),
			dataloader.WithCache(&dataloader.NoCache[[sha256.Size]byte, *db.Session]{}))
	})
	return m
}

// Actors gives the actors of sessions by id. A session that has ended, or whose
// account is suspended, is missing.
func (s *Sessions) Actors(ctx context.Context, ids []string) (map[string]actor.Actor, error) {
	remembered, unread, err := s.recall(ctx, ids)
	if err != nil {
		return nil, err
	}
	if len(unread) > 0 {
		read, err := s.DB.SessionsByID(ctx, unread)
		if err != nil {
			return nil, err
		}
		for id, session := range read {
			remembered[id] = s.remember(session)
		}
	}
	actors := make(map[string]actor.Actor, len(ids))
	for id, k := range remembered {
		if k.fault == nil {
			actors[id] = k.actor
		}
	}
	return actors, nil
}

// recall gives what is known of sessions, as of now, and those that are to be read:
// they are not known, or have changed since.
func (s *Sessions) recall(ctx context.Context, ids []string) (remembered map[string]known, unread []string, err error) {
	m := s.prepare()
	remembered = make(map[string]known, len(ids))
	var asked []string
	var versions []db.SessionVersion
	for _, id := range ids {
		if k, ok := m.sessions.Get(id); ok {
			remembered[id] = k
			asked, versions = append(asked, id), append(versions, k.session.Version)
		} else {
			unread = append(unread, id)
		}
	}
	if len(asked) > 0 {
		changed, err := s.DB.ChangedSessions(ctx, asked, versions)
		if err != nil {
			return nil, nil, err
		}
		for _, id := range changed {
			delete(remembered, id)
		}
		unread = append(unread, changed...)
	}
	now := s.Now()
	today := civil.Of(now)
	for id, k := range remembered {
		if k.day != today || k.fault == nil && !now.Before(k.session.Ends) {
			remembered[id] = s.remember(k.session)
		}
	}
	return remembered, unread, nil
}

// remember notes a session with its actor as of now.
func (s *Sessions) remember(session db.Session) known {
	now := s.Now()
	k := known{session: session, day: civil.Of(now)}
	k.actor, k.fault = actorOf(session, now)
	s.prepare().sessions.Add(session.ID, k)
	return k
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
	k := s.remember(*session)
	return k.actor, k.fault
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
