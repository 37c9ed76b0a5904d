package graph

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// listSize is what @listSize says of a field: how long the list is that it
// gives, or, with sized, how long those lists of its object are.
type listSize struct {
	assumed int      // the length where no argument says it; 0 for a field without @listSize
	slicing []string // arguments that say it
	sized   []string // fields of the returned object that have the length
}

// listSize reads @listSize of a field.
func (c *compiler) listSize(at coordinate, field *ast.FieldDefinition) listSize {
	var s listSize
	d := field.Directives.ForName("listSize")
	if d == nil {
		return s
	}
	for _, arg := range d.Arguments {
		switch arg.Name {
		case "assumedSize":
			s.assumed, _ = strconv.Atoi(arg.Value.Raw) // 0 is a fault below
		case "slicingArguments":
			s.slicing = names(arg.Value)
		case "sizedFields":
			s.sized = names(arg.Value)
		default:
			c.fault(at, "unknown argument %s of @listSize", arg.Name)
		}
	}
	if s.assumed < 1 || s.assumed > saturated {
		c.fault(at, "@listSize needs an assumedSize of one or more, and of no more than %d", saturated)
		s.assumed = 1
	}
	for _, name := range s.slicing {
		if arg := field.Arguments.ForName(name); arg == nil || arg.Type.NamedType != "Int" {
			c.fault(at, "slicing argument %s is not an argument of type Int", name)
		}
	}
	return s
}

// weight reads @cost of a field: what it costs by itself, whatever it gives; 0
// without it.
func (c *compiler) weight(at coordinate, field *ast.FieldDefinition) int {
	d := field.Directives.ForName("cost")
	if d == nil {
		return 0
	}
	weight := 0
	if arg := d.Arguments.ForName("weight"); arg != nil {
		weight, _ = strconv.Atoi(arg.Value.Raw) // 0 is a fault below
	}
	if weight < 1 || weight > saturated {
		c.fault(at, "@cost needs a weight of one or more, and of no more than %d", saturated)
		return 1
	}
	return weight
}

// checkSizes faults the fields of a type whose lists have no size, or two.
func (c *compiler) checkSizes(def *ast.Definition) {
	for _, field := range def.Fields {
		at := coordinate{def.Name, field.Name}
		rule, ok := c.rules.fields[at]
		if !ok {
			continue
		}
		switch {
		case rule.list && field.Type.Elem.Elem != nil:
			c.fault(at, "a list of lists: @listSize gives one length only")
		case rule.list && len(rule.size.sized) > 0:
			c.fault(at, "sizedFields on a field that is itself a list")
		case rule.list:
			c.checkListSize(def, at, rule)
		case rule.size.assumed > 0 && len(rule.size.sized) == 0:
			c.fault(at, "@listSize on a field that is no list, without sizedFields")
		}
		for _, name := range rule.size.sized {
			if !c.hasList(field, name) {
				c.fault(at, "sized field %s is not a list of %s", name, field.Type.Name())
			}
		}
	}
}

// checkListSize faults a list that has no size of its own and that some field
// leading to it does not size either, or that has both.
func (c *compiler) checkListSize(def *ast.Definition, at coordinate, rule fieldRule) {
	own := rule.size.assumed > 0
	reached := false
	for _, from := range c.leadingTo(def) {
		reached = true
		sized := slices.Contains(c.rules.fields[from].size.sized, at.field)
		switch {
		case own && sized:
			c.fault(at, "sized twice: by its own @listSize and by the sizedFields of %s", from)
		case !own && !sized:
			c.fault(at, "a list without size: state @listSize, or name it in the sizedFields of %s", from)
		}
	}
	if !own && !reached {
		c.fault(at, "a list without size: state @listSize")
	}
}

// leadingTo are the fields below which fields of def can be selected.
func (c *compiler) leadingTo(def *ast.Definition) []coordinate {
	var all []coordinate
	for _, owner := range c.types {
		for _, field := range owner.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			if slices.Contains(c.selectable(field), def) {
				all = append(all, coordinate{owner.Name, field.Name})
			}
		}
	}
	return all
}

// selectable are the types whose fields can be selected below a field: what it
// gives, the objects that that may be, and their interfaces.
func (c *compiler) selectable(field *ast.FieldDefinition) []*ast.Definition {
	def := c.schema.Types[field.Type.Name()]
	if !def.IsCompositeType() {
		return nil
	}
	all := []*ast.Definition{def}
	for _, object := range c.schema.GetPossibleTypes(def) {
		all = append(all, object)
		for _, name := range object.Interfaces {
			all = append(all, c.schema.Types[name])
		}
	}
	return all
}

// hasList tells whether a list of that name can be selected below a field.
func (c *compiler) hasList(field *ast.FieldDefinition, name string) bool {
	return slices.ContainsFunc(c.selectable(field), func(def *ast.Definition) bool {
		return c.rules.fields[coordinate{def.Name, name}].list
	})
}
