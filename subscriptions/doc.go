// Package subscriptions is how clients hear of what happens. PostgreSQL keeps
// the events; a bell says only that a feed has something new.
//
// The way of an event: a transaction writes it and leaves a chime in the outbox
// (db); the Relay rings the Bell; the Hub of each node that has a follower of
// the feed reads the rows, and offers them to its followers; a follower passes
// on what its actor may see, in order, to its socket's queue. A chime that is
// lost costs a second: the hub polls where its feeds stand.
//
// The Transport speaks graphql-transport-ws. It compiles an operation once and
// executes it anew for each event, with the event in the context.
package subscriptions
