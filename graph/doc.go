// Package graph is the GraphQL side of the API: its schema, the limits of what
// a client may ask at once, who may ask for what, and how Go errors become
// GraphQL errors. It knows neither the database nor who signs in how.
//
// A request passes three gates before it runs. The Guard bounds the document
// before anything else looks at it; gqlgen parses and validates; Access decides
// roles, levels and cost for the operation as a whole. ErrorPresenter is where
// whatever went wrong becomes what the client reads.
package graph
