package resolvers

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"comptesante/domain"
)

// selection is what an operation selects below some fields, whatever the aliases
// and fragments. What the operation looks at twice, gqlgen remembers.
type selection struct {
	operation *graphql.OperationContext
	sets      []ast.SelectionSet
}

// selectionOf is what is selected below the field in ctx.
func selectionOf(ctx context.Context) selection {
	return selection{graphql.GetOperationContext(ctx), []ast.SelectionSet{graphql.GetFieldContext(ctx).Field.Selections}}
}

// has tells whether one of the fields is selected.
func (s selection) has(fields ...string) bool {
	for _, set := range s.sets {
		if slices.ContainsFunc(graphql.CollectFields(s.operation, set, nil), func(f graphql.CollectedField) bool { return slices.Contains(fields, f.Name) }) {
			return true
		}
	}
	return false
}

// below is what is selected below all fields of a name.
func (s selection) below(field string) selection {
	below := selection{operation: s.operation}
	for _, set := range s.sets {
		for _, f := range graphql.CollectFields(s.operation, set, nil) {
			if f.Name == field {
				below.sets = append(below.sets, f.Selections)
			}
		}
	}
	return below
}

// and is what is selected by either.
func (s selection) and(other selection) selection {
	return selection{s.operation, slices.Concat(s.sets, other.sets)}
}

// paymentNeeds are the parts of a payment of which the selection shows something.
func (s selection) paymentNeeds() domain.PaymentNeeds {
	return domain.PaymentNeeds{Lines: s.has("lines"), Beneficiary: s.has("beneficiary"),
		Details: s.below("lines").has("retentions", "allowance", "explanation")}
}

// movementNeeds are the parts of a movement of which the selection shows
// something.
func (s selection) movementNeeds() domain.MovementNeeds {
	return domain.MovementNeeds{Payments: s.has("payments"), Each: s.below("payments").paymentNeeds(), Sums: s.has("count", "amount"), Account: s.has("account")}
}
