// Package subscriptions is how clients hear of what happens. PostgreSQL keeps
// the events; a bell says only that a feed has something new.
//
// The way of an event: a transaction writes it and leaves a chime in the outbox
// (db); the Relay rings the Bell, which every node hears; where the Hub of a node
// has a follower of the feed, one of its readers reads the rows, together with
// those of other feeds that rang, and offers them to the followers; a follower
// passes on what its actor may see, in order, to its socket's queue. A chime that
// is lost costs a second: the hub polls where its feeds stand. Who is behind, as
// after a reconnect, is brought on by the hub's porters, batch by batch, many
// followers in one read.
//
// The Transport speaks graphql-transport-ws. It compiles an operation once and
// executes it anew for each event, with the event in the context: once for all
// who ask for the same and see the same (rendering.go). Sockets sleep in the
// system's poller and cost no goroutine (parking.go).
package subscriptions
