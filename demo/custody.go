package demo

import (
	"context"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/nir"
)

// shareChildren grants the other parents of a person's children their mandates,
// as of the day that the demonstration began. Those that stand already are of a
// load that was cut short.
func (p *Person) shareChildren(ctx context.Context, d *db.DB, began civil.Date) error {
	for _, c := range p.Children {
		if c.SharedWith == "" {
			continue
		}
		err := p.share(ctx, d, c, began)
		if err != nil && domain.CodeOf(err) != domain.Conflict {
			return err
		}
	}
	return nil
}

func (p *Person) share(ctx context.Context, d *db.DB, c Child, began civil.Date) error {
	file, err := assureOf(ctx, d, p.NIR)
	if err != nil {
		return err
	}
	holder, err := assureOf(ctx, d, c.SharedWith)
	if err != nil {
		return err
	}
	child, err := d.ChildBorn(ctx, file.Assure, c.Born(began), max(1, c.Rank))
	if err != nil {
		return err
	}
	return d.GrantMandate(ctx, Label, child, holder.Assure, began)
}

func assureOf(ctx context.Context, d *db.DB, number string) (domain.ID, error) {
	n, err := nir.Parse(number)
	if err != nil {
		return domain.ID{}, err
	}
	return d.AssureByNIR(ctx, n)
}

// shared marks the child that the i-th of n generated people shares with the
// other of their pair, who follows or comes before and was born in the same month:
// in each hundred people one child of the seventh, in each two hundred one of the
// eighth too, so that some pairs have a mandate each on the other's child. No more
// of them: each is granted in a transaction of its own. It throws no dice: who the
// people are does not hang on it.
func (g *generated) shared(i, n int) {
	other := i ^ 1
	if len(g.Children) == 0 || other >= n || (i%100 != 6 && i%200 != 7) {
		return
	}
	g.Children[0].SharedWith, _ = Number(other)
}
