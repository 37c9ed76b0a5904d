package resolvers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/cursor"
	"comptesante/resolvers"
)

// TestFollowSomePeople: whom one asks to follow is kept as asked, so that who
// comes into sight later is told; where nobody of them is seen, they may as well
// not be there.
func TestFollowSomePeople(t *testing.T) {
	const own, theirs = int64(7), int64(8)
	person := func(assure, key int64) domain.ID {
		return domain.ID{Kind: domain.KindBeneficiary, Assure: assure, Key: key}
	}
	ctx := actor.NewContext(t.Context(), actor.Actor{Role: actor.Assure, Assure: own, Sights: []actor.Sight{{Assure: own, Beneficiaries: []int64{71, 72}}}})
	for _, row := range []struct {
		why    string
		people []domain.ID
		only   []int64
		code   domain.Code
	}{
		{"everybody", nil, nil, ""},
		{"one", []domain.ID{person(own, 72)}, []int64{72}, ""},
		{"one who is not seen now, beside one who is", []domain.ID{person(own, 72), person(own, 79)}, []int64{72, 79}, ""},
		{"one of another's file, beside one of this", []domain.ID{person(theirs, 81), person(own, 71)}, []int64{71}, ""},
		{"nobody who is seen", []domain.ID{person(own, 79)}, nil, domain.NotFound},
		{"one of another's file", []domain.ID{person(theirs, 81)}, nil, domain.NotFound},
		{"an id of something else", []domain.ID{{Kind: domain.KindPayment, Assure: own, Key: 72}}, nil, domain.NotFound},
		{"an empty list", []domain.ID{}, nil, domain.Validation},
	} {
		got, err := resolvers.Follow(&resolvers.Resolver{}, ctx, nil, nil, row.people)
		if domain.CodeOf(err) != row.code && (err != nil || row.code != "") {
			t.Errorf("%s: %v", row.why, err)
		} else if diff := cmp.Diff(row.only, got.Only); err == nil && diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

// TestFollowAccount: one's own account alone, whatever else of others one sees, and
// from a cursor of that feed alone. Fails where it is decided as for payments.
func TestFollowAccount(t *testing.T) {
	const own, theirs = int64(7), int64(8)
	codec := cursor.New([32]byte{1})
	ctx := actor.NewContext(t.Context(), actor.Actor{Role: actor.Assure, Assure: own,
		Sights: []actor.Sight{{Assure: own, Beneficiaries: []int64{71}}, {Assure: theirs, Beneficiaries: []int64{81}}}})
	id := func(kind domain.Kind, assure, key int64) *domain.ID {
		return &domain.ID{Kind: kind, Assure: assure, Key: key}
	}
	place := func(assure int64, feed domain.Feed) *string {
		text := codec.Feed(domain.FeedKey{Assure: assure, Feed: feed}, domain.Position{Epoch: 1, Seq: 5})
		return &text
	}
	for _, row := range []struct {
		why    string
		assure *domain.ID
		after  *string
		code   domain.Code
	}{
		{"oneself", nil, nil, ""},
		{"oneself, by id", id(domain.KindAssure, own, own), place(own, domain.FeedAccount), ""},
		{"whose child one sees", id(domain.KindAssure, theirs, theirs), nil, domain.NotFound},
		{"who is not there", id(domain.KindAssure, 99, 99), nil, domain.NotFound},
		{"an id of something else", id(domain.KindBeneficiary, own, 71), nil, domain.NotFound},
		{"a cursor of the payments", nil, place(own, domain.FeedPayments), domain.Validation},
		{"a cursor of another's account", nil, place(theirs, domain.FeedAccount), domain.Validation},
	} {
		got, err := resolvers.FollowAccount(&resolvers.Resolver{Cursor: codec}, ctx, row.assure, row.after)
		switch {
		case err != nil && domain.CodeOf(err) != row.code, err == nil && row.code != "":
			t.Errorf("%s: %v", row.why, err)
		case err == nil && (got.Key != domain.FeedKey{Assure: own, Feed: domain.FeedAccount} || (row.after != nil) != (got.After != nil)):
			t.Errorf("%s: %+v", row.why, got)
		}
	}
}
