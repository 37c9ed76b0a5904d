package graph

import (
	"context"

	"comptesante/domain/actor"
)

// Limits bounds what one request may ask. What goes over is refused by name
// with QUERY_TOO_COMPLEX: extensions.limit is the name in the comment,
// extensions.value what the request has and extensions.max what it may have.
type Limits struct {
	BodyBytes     int // bytes of a request's body or of a WebSocket message; for the transports to hold
	DocumentBytes int // documentBytes: bytes of the GraphQL text
	Tokens        int // tokens: lexical tokens of the text, comments included

	// Of the document as it is written.
	Fragments    int // fragments: fragment definitions
	Selections   int // selections: fields, spreads and inline fragments
	Aliases      int // aliases: fields under another name than their own
	Directives   int // directives: directives applied, of any kind
	SameKey      int // sameKey: fields of one selection set under one response key, inline fragments counted in
	ListElements int // listElements: elements of one list value, in the text or in the variables

	// Of the document with its fragments expanded.
	Depth      int // depth: fields from the root to the deepest leaf
	Nodes      int // nodes: selections, of all operations together
	RootFields int // rootFields: fields at the root of one operation

	// Of the variables.
	VariableDepth  int // variableDepth: lists and objects around one value
	VariableValues int // variableValues: values in all variables, lists and objects included

	// Of introspection, which nests deeper than anything else but costs no data.
	IntrospectionDepth int // introspectionDepth: fields from the root to the deepest leaf below __schema or __type
	IntrospectionLists int // introspectionLists: fields, inputFields, interfaces and possibleTypes on one path
	IntrospectionCost  int // what __schema and __type cost each, flat

	Page      int // elements of one page: slicing arguments outside 1..Page count as Page
	Cost      int // cost: see costs
	EventCost int // cost of a subscription, which is paid at each event by the node that all share

	AnswerBytes int // answerBytes: about how long an answer's data is; also how much is read of payments for it
	EventBytes  int // eventBytes: of an event of a subscription, less than a socket's queue holds

	// What a service may have, in place of BodyBytes, VariableValues and the
	// ListElements of variables: it sends hundreds of records in one call.
	Service ServiceLimits

	Remembered int // documents whose passing, or whose access and cost, is kept in memory
}

// ServiceLimits are those limits of a service that are wider than others'.
type ServiceLimits struct {
	BodyBytes      int
	ListElements   int // of lists in variables
	VariableValues int
}

// bodyBytes is how much who asks may send.
func (l *Limits) bodyBytes(ctx context.Context) int {
	if isService(ctx) {
		return l.Service.BodyBytes
	}
	return l.BodyBytes
}

// ofVariables is l as it holds for the variables of who asks.
func (l Limits) ofVariables(ctx context.Context) Limits {
	if isService(ctx) {
		l.ListElements, l.VariableValues = l.Service.ListElements, l.Service.VariableValues
	}
	return l
}

func isService(ctx context.Context) bool { return actor.FromContext(ctx).Role == actor.Service }

// DefaultLimits are the limits where no setting says otherwise. The worst
// documents that were found to pass them are validated by gqlparser in 1 to 3 ms
// (measured on two cores, 2026).
func DefaultLimits() Limits {
	return Limits{
		BodyBytes:     64 << 10,
		DocumentBytes: 16 << 10,
		Tokens:        1000,

		Fragments:    30,
		Selections:   300,
		Aliases:      15,
		Directives:   20,
		SameKey:      15,
		ListElements: 100,

		Depth:      10,
		Nodes:      1500,
		RootFields: 10,

		VariableDepth:  10,
		VariableValues: 2000,

		IntrospectionDepth: 16, // the standard query is 15 deep
		IntrospectionLists: 2,  // graphql-js and gqlparser refuse the third
		IntrospectionCost:  100,

		Page:      100,
		Cost:      5000,
		EventCost: 100,

		AnswerBytes: 4 << 20,   // 100 payments of 50 lines with all that hangs on them; rendered in half a second
		EventBytes:  512 << 10, // a payment of 100 lines is some 60 KB, with two retentions each 90

		Service: ServiceLimits{
			BodyBytes:      4 << 20,
			ListElements:   500,     // the records of a call of recordPayments
			VariableValues: 100_000, // 500 records of some ten lines
		},

		Remembered: 1000,
	}
}
