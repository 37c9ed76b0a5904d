package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/google/go-cmp/cmp"
)

// page is what an answer says, whatever server gave it.
type page struct {
	Payments []payment
	HasNext  bool
}

type payment struct {
	Reference, Movement, PaidOn, Recipient string
	Amount                                 int64 // cents
	Revision                               int64
	Beneficiary                            beneficiary
	Lines                                  []line
	Complementary                          complementary
}

type beneficiary struct{ GivenName, FamilyName, Relation string }

type line struct {
	CaredOn, Act, Label                           string
	Spent, Base, Rate, Reimbursed, Retained, Paid int64 // cents; Rate in percent
	Professional                                  *professional
}

type professional struct {
	Name, Specialty string
	Town            *string
}

type complementary struct {
	State    string // as the column has it; empty where it was not asked for
	Amount   *int64 // cents
	PaidOn   *string
	Mutuelle *named
}

type named struct{ Name string }

// readOurs reads an answer of comptesante, and of the limit.
func readOurs(body []byte) (p page, err error) {
	var answer struct {
		Data struct {
			Me struct {
				Payments struct {
					Nodes []struct {
						payment
						Movement      struct{ Reference string }
						Complementary struct {
							Typename string `json:"__typename"`
							complementary
						}
					}
					PageInfo struct{ HasNextPage bool }
				}
			}
		}
	}
	if err := decode(body, &answer); err != nil {
		return p, err
	}
	states := map[string]string{"": "", "ComplementaryKnown": "KNOWN", "ComplementaryAwaited": "AWAITED",
		"ComplementaryNone": "NONE", "ComplementaryElsewhere": "ELSEWHERE"}
	for _, n := range answer.Data.Me.Payments.Nodes {
		state, ok := states[n.Complementary.Typename]
		if !ok {
			return p, fmt.Errorf("a complementary part of the unknown type %q", n.Complementary.Typename)
		}
		n.payment.Movement, n.payment.Complementary = n.Movement.Reference, n.Complementary.complementary
		n.payment.Complementary.State = state
		p.Payments = append(p.Payments, n.payment)
	}
	p.HasNext = answer.Data.Me.Payments.PageInfo.HasNextPage
	return p, nil
}

// readPostgraphile reads an answer in the names of the columns.
func readPostgraphile(body []byte) (p page, err error) {
	var answer struct {
		Data struct {
			AllPayments struct {
				Nodes []struct {
					payment
					AmountCents int64
					Lines       []struct {
						line
						Act                                                              struct{ Code, Label string }
						SpentCents, BaseCents, ReimbursedCents, RetainedCents, PaidCents int64
					}
					Complementary       string
					ComplementaryCents  *int64
					ComplementaryPaidOn *string
					Mutuelle            *named
				}
				PageInfo struct{ HasNextPage bool }
			}
		}
	}
	if err := decode(body, &answer); err != nil {
		return p, err
	}
	for _, n := range answer.Data.AllPayments.Nodes {
		n.Amount = n.AmountCents
		for _, l := range n.Lines {
			l.line.Act, l.Label = l.Act.Code, l.Act.Label
			l.Spent, l.Base, l.Reimbursed, l.Retained, l.Paid = l.SpentCents, l.BaseCents, l.ReimbursedCents, l.RetainedCents, l.PaidCents
			n.payment.Lines = append(n.payment.Lines, l.line)
		}
		n.payment.Complementary = complementary{n.Complementary, n.ComplementaryCents, n.ComplementaryPaidOn, n.Mutuelle}
		p.Payments = append(p.Payments, n.payment)
	}
	p.HasNext = answer.Data.AllPayments.PageInfo.HasNextPage
	return p, nil
}

// readMercurius reads an answer of the schema in peers/mercurius.js.
func readMercurius(body []byte) (p page, err error) {
	var answer struct {
		Data struct {
			Payments struct {
				Nodes []struct {
					payment
					Complementary       string
					ComplementaryAmount *int64
					ComplementaryPaidOn *string
					Mutuelle            *named
				}
				PageInfo struct{ HasNextPage bool }
			}
		}
	}
	if err := decode(body, &answer); err != nil {
		return p, err
	}
	for _, n := range answer.Data.Payments.Nodes {
		n.payment.Complementary = complementary{n.Complementary, n.ComplementaryAmount, n.ComplementaryPaidOn, n.Mutuelle}
		p.Payments = append(p.Payments, n.payment)
	}
	p.HasNext = answer.Data.Payments.PageInfo.HasNextPage
	return p, nil
}

// decode refuses a field that is not compared.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("an answer that cannot be read: %w: %.500s", err, body)
	}
	return nil
}

// compared is how many people are asked about before anything is timed.
const compared = 25

// compareAnswers asks every server every query and fails where two of them do
// not say the same, with the difference.
func compareAnswers(ctx context.Context, c *config, targets []*target, people *people) error {
	payments := 0
	for _, q := range queries {
		for _, i := range rand.New(rand.NewPCG(seed, 0)).Perm(len(people.of(q)))[:min(compared, len(people.of(q)))] {
			p := people.of(q)[i]
			if err := ctx.Err(); err != nil {
				return err
			}
			want, err := targets[0].ask(c, q, p)
			if err != nil {
				return err
			}
			if err := expect(q, want); err != nil {
				return fmt.Errorf("%s, assuré %d: %w", targets[0].name, p.key, err)
			}
			payments += len(want.Payments)
			for _, t := range targets[1:] {
				got, err := t.ask(c, q, p)
				if err != nil {
					return err
				}
				if diff := cmp.Diff(want, got); diff != "" {
					return fmt.Errorf("query %s, assuré %d: the answers differ (-%s +%s):\n%s", q.key, p.key, targets[0].name, t.name, diff)
				}
			}
		}
	}
	say("%d servers gave the same answers, %d payments", len(targets), payments)
	return nil
}

// expect refuses an answer that would make the measurement hollow, were all
// servers to give the same.
func expect(q query, p page) error {
	switch {
	case len(p.Payments) == 0 || (q.heavy && len(p.Payments) < q.first):
		return fmt.Errorf("query %s gives %d payments: fill the database anew (delete the folder BENCH_DATA)", q.key, len(p.Payments))
	case !q.light && len(p.Payments[0].Lines) == 0:
		return fmt.Errorf("query %s gives a payment without lines", q.key)
	}
	return nil
}

// ask asks one question over a connection of its own.
func (t *target) ask(c *config, q query, p person) (page, error) {
	conn, err := dial(t.address)
	if err != nil {
		return page{}, t.process.Explain(err)
	}
	defer conn.close()
	body, err := conn.exchange(t.requestBytes(q, p, c.since()))
	if err != nil {
		return page{}, t.process.Explain(err)
	}
	answer, err := t.speaks.read(body)
	if err != nil {
		return page{}, fmt.Errorf("%s: %w", t.name, err)
	}
	return answer, nil
}
