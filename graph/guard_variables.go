package graph

import (
	"iter"
	"maps"
	"slices"

	"comptesante/domain"
)

// checkVariables refuses variables with a list that is too long, that nest too
// deeply or that hold too many values. It visits no more than the limit of
// values, and never the text of one.
func checkVariables(variables map[string]any, l Limits) *domain.Error {
	if len(variables) == 0 {
		return nil
	}
	c := variableCheck{limits: &l}
	return c.visitAll(maps.Values(variables), 0)
}

// variableCheck counts the values seen so far.
type variableCheck struct {
	limits *Limits
	values int
}

// visitAll looks at values that depth lists and objects are around.
func (c *variableCheck) visitAll(values iter.Seq[any], depth int) *domain.Error {
	if depth > c.limits.VariableDepth {
		return tooComplex("variableDepth", depth, c.limits.VariableDepth, "levels in its variables")
	}
	for v := range values {
		if refusal := c.visit(v, depth); refusal != nil {
			return refusal
		}
	}
	return nil
}

func (c *variableCheck) visit(v any, depth int) *domain.Error {
	if c.values++; c.values > c.limits.VariableValues {
		return tooComplex("variableValues", c.values, c.limits.VariableValues, "values or more in its variables")
	}
	switch v := v.(type) {
	case []any:
		if len(v) > c.limits.ListElements {
			return tooComplex("listElements", len(v), c.limits.ListElements, "elements in one list")
		}
		return c.visitAll(slices.Values(v), depth+1)
	case map[string]any:
		return c.visitAll(maps.Values(v), depth+1)
	}
	return nil
}
