package graph

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// The cost of an operation, as it is published: an object costs 1, a scalar or
// an enum nothing; a list costs its length times one of its objects with what
// is asked of it. The length is what a slicing argument says, else the size
// that the schema assumes. What is asked twice, under another name or of
// another type, counts twice. __schema and __type cost a flat amount.

// costs are the costs of an operation as a small program over its variables:
// amounts are computed in order, each from those before it. An operation
// without variables in slicing arguments has a total and no amounts.
type costs struct {
	amounts []amount
	total   price
}

// amount is a fixed cost plus shares that depend on variables.
type amount struct {
	fixed  int
	shares []share
}

// share is a price, so many times.
type share struct {
	times size
	price price
}

// price is a fixed cost, or, where at is not negative, that of an amount.
type price struct {
	fixed int
	at    int // index in costs.amounts, or -1
}

// size is the length of a list: the most of what literals and variables say, or
// what is assumed where none says anything.
type size struct {
	assumed   int
	literal   int // 0 for none
	variables []slicingVariable
}

// slicingVariable is a variable that stands for a slicing argument.
type slicingVariable struct {
	name   string
	absent int // the length where the variable is absent: the argument's default, 0 for none
}

// once is the size of what is no list.
var once = size{assumed: 1}

// multiply multiplies two counts as sum adds them: neither is above saturated,
// so the product fits.
func multiply(a, b int) int { return min(a*b, saturated) }

// of evaluates the program for the variables of a request; page bounds what a
// slicing argument may say.
func (c *costs) of(variables map[string]any, page int) int {
	if c.total.at < 0 {
		return c.total.fixed
	}
	values := make([]int, len(c.amounts))
	worth := func(p price) int {
		if p.at < 0 {
			return p.fixed
		}
		return values[p.at]
	}
	for i, a := range c.amounts {
		values[i] = a.fixed
		for _, s := range a.shares {
			values[i] = sum(values[i], multiply(s.times.of(variables, page), worth(s.price)))
		}
	}
	return worth(c.total)
}

// of is the length for the variables of a request.
func (s *size) of(variables map[string]any, page int) int {
	n := s.literal
	for _, v := range s.variables {
		said, given := variables[v.name]
		switch {
		case !given:
			n = max(n, v.absent)
		case said != nil:
			n = max(n, inPage(integer(said), page))
		}
	}
	if n == 0 {
		return s.assumed
	}
	return n
}

// inPage is n where it is a length that a page can have. Any other the resolver
// will refuse: until then it costs a full page.
func inPage(n, page int) int {
	if n < 1 || n > page {
		return page
	}
	return n
}

// integer reads a coerced variable of type Int in any of the forms that
// gqlparser leaves it in; 0 for what is none.
func integer(v any) int {
	switch v := v.(type) {
	case int64:
		return int(v)
	case int:
		return v
	case float64:
		return int(v)
	case json.Number:
		n, _ := strconv.Atoi(v.String())
		return n
	case string:
		n, _ := strconv.Atoi(v)
		return n
	}
	return 0
}

// sizeOf compiles the size that a field states, given the arguments it is
// selected with.
func sizeOf(stated listSize, field *ast.Field, page int) size {
	s := size{assumed: stated.assumed}
	for _, name := range stated.slicing {
		byDefault := 0
		if def := field.Definition.Arguments.ForName(name); def != nil && def.DefaultValue != nil {
			byDefault = literalLength(def.DefaultValue, page)
		}
		arg := field.Arguments.ForName(name)
		switch {
		case arg == nil:
			s.literal = max(s.literal, byDefault)
		case arg.Value.Kind == ast.Variable:
			s.variables = append(s.variables, slicingVariable{name: arg.Value.Raw, absent: byDefault})
		default:
			s.literal = max(s.literal, literalLength(arg.Value, page))
		}
	}
	return s
}

// literalLength is the length that a literal says, 0 where it is null.
func literalLength(v *ast.Value, page int) int {
	if v.Kind == ast.NullValue {
		return 0
	}
	n, _ := strconv.Atoi(v.Raw) // what does not fit counts as a full page
	return inPage(n, page)
}

// add adds a price, so many times. What no variable touches is added up at
// once.
func (a *amount) add(times size, p price) {
	switch {
	case p.at < 0 && len(times.variables) == 0:
		a.fixed = sum(a.fixed, multiply(times.of(nil, 0), p.fixed))
	default:
		a.shares = append(a.shares, share{times, p})
	}
}

// enter closes an amount: its price is fixed where no variable touches it, else
// it becomes the next amount of the program.
func (c *costs) enter(a amount) price {
	if len(a.shares) == 0 {
		return price{fixed: a.fixed, at: -1}
	}
	c.amounts = append(c.amounts, amount{a.fixed, slices.Clip(a.shares)})
	return price{at: len(c.amounts) - 1}
}

// CostOf is the cost of the operation that ctx carries, 0 where Access has not
// decided one.
func CostOf(ctx context.Context) int {
	if !graphql.HasOperationContext(ctx) {
		return 0
	}
	if v, ok := graphql.GetOperationContext(ctx).Stats.GetExtension(accessName).(*verdict); ok {
		return v.cost
	}
	return 0
}
