package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/auth"
	"comptesante/bench/synth"
	"comptesante/db"
	"comptesante/demo"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/nir"
)

// operator is who fills the database and opens the sessions, for the audit.
const operator = "bench"

// batch is how many files are added at once.
const batch = 5000

// The names are many enough that answers differ from person to person.
var (
	families = []string{"Lefèvre", "N'Diaye", "Le Goff", "Benali", "Moreau", "Nguyễn", "Garcia", "Weiß", "d'Arcy", "Kowalski", "Petit"}
	givens   = []string{"Éloïse", "Thomas", "Aïssatou", "Zoé", "Jean-Noël", "Maëlle", "Omar", "Françoise", "Lucas", "Inès", "Théo", "Chloé", "Noé"}
)

// addPeople opens the files of all people: the a-th, from 1, gets the key a,
// and is the beneficiary of key 2a-1 beside a child of key 2a.
func (d *database) addPeople(ctx context.Context) error {
	o, err := db.Open(ctx, d.url(db.App), d.keys, db.Options{})
	if err != nil {
		return err
	}
	defer o.Close()
	for first, last := 1, d.config.size().Assures(); first <= last; first += batch {
		files := make([]db.NewFile, 0, batch)
		for a := first; a <= min(first+batch-1, last); a++ {
			f, err := d.file(a)
			if err != nil {
				return err
			}
			files = append(files, f)
		}
		ids, err := o.AddFiles(ctx, operator, files)
		if err != nil {
			return err
		}
		for i, id := range ids {
			if id.Assure != int64(first+i) {
				return fmt.Errorf("the %d-th person got the key %d: the payments count on keys in order", first+i, id.Assure)
			}
		}
	}
	return nil
}

// file is that of the a-th person, from 1. The child is eight today, so that
// the parent sees it.
func (d *database) file(a int) (f db.NewFile, err error) {
	number, born := demo.Number(a - 1)
	f.Assure = domain.Assure{FamilyName: families[a%len(families)], GivenName: givens[a%len(givens)],
		Caisse:   domain.Caisse{ID: domain.ID{Key: int64(1 + a%synth.Caisses)}},
		Mutuelle: &domain.Mutuelle{ID: domain.ID{Key: int64(1 + a%synth.Mutuelles)}}, BirthDate: born}
	f.Children = []domain.Beneficiary{{Relation: domain.Child, FamilyName: f.Assure.FamilyName, GivenName: givens[a*7%len(givens)],
		BirthDate: d.config.today.AddMonths(-8 * 12)}}
	f.Assure.NIR, err = nir.Parse(number)
	return f, err
}

// person is one whose history is asked for.
type person struct {
	key   int64
	token string // of an open session
}

// people are those who are asked about.
type people struct {
	any   []person // drawn from all
	heavy []person // with at least longest payments in the window
}

// of is the people that a query is asked about.
func (p *people) of(q query) []person {
	if q.heavy {
		return p.heavy
	}
	return p.any
}

// seed draws the same people in each run.
const seed = 1

// people draws the sample and opens a session for each.
func (d *database) people(ctx context.Context) (*people, error) {
	// Those of the last run would only fill the table; events hang on none.
	if err := d.exec(ctx, d.url(db.Owner), `DELETE FROM sessions`, `VACUUM (ANALYZE) sessions`); err != nil {
		return nil, err
	}
	o, err := db.Open(ctx, d.url(db.App), d.keys, db.Options{})
	if err != nil {
		return nil, err
	}
	defer o.Close()
	var (
		p        people
		sessions = &auth.Sessions{DB: o, Now: time.Now}
	)
	for _, a := range draw(d.config.size().Assures(), d.config.People) {
		one, err := openSession(ctx, sessions, int64(a+1))
		if err != nil {
			return nil, err
		}
		p.any = append(p.any, one)
	}
	heavy, err := d.heavies(ctx)
	if err != nil {
		return nil, err
	}
	for _, i := range draw(len(heavy), d.config.People) {
		one, err := openSession(ctx, sessions, heavy[i])
		if err != nil {
			return nil, err
		}
		p.heavy = append(p.heavy, one)
	}
	return &p, d.exec(ctx, d.url(db.Owner), `ANALYZE sessions`)
}

// longest is the largest page that is asked for.
const longest = 100

// heavies are the keys of those who have the longest page full: of the people
// with a long history most, not all.
func (d *database) heavies(ctx context.Context) (keys []int64, err error) {
	size := d.config.size()
	var long []int64
	for i := 0; i == 0 || size.Heavy(i) != size.Heavy(0); i++ {
		long = append(long, int64(size.Heavy(i)))
	}
	err = d.with(ctx, d.url(db.Owner), func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT assure_id FROM payments WHERE assure_id = ANY($1) AND paid_on >= $2::date
			GROUP BY assure_id HAVING count(*) >= $3 ORDER BY assure_id`, long, d.config.since().String(), longest)
		if err != nil {
			return err
		}
		keys, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err
	})
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("nobody has %d payments since %s: give more BENCH_PAYMENTS", longest, d.config.since())
	}
	return keys, err
}

// draw gives at most so many of the numbers from 0 to n-1, each once.
func draw(n, most int) []int {
	return rand.New(rand.NewPCG(seed, uint64(n))).Perm(n)[:min(n, most)]
}

func openSession(ctx context.Context, s *auth.Sessions, key int64) (person, error) {
	_, token, err := s.Mint(ctx, operator, db.NewSession{Assure: key, Role: actor.Assure, Level: actor.Local2,
		Label: "bench", Ends: s.Now().Add(24 * time.Hour)})
	return person{key, token}, err
}
