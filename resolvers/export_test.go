package resolvers

import "time"

// LoaderWait sets how long loaders wait for more keys, until the returned
// function is called.
func LoaderWait(wait time.Duration) (back func()) {
	was := loaderWait
	loaderWait = wait
	return func() { loaderWait = was }
}

// Follow is what newPayments asks to follow.
var Follow = (*Resolver).follow

// FollowAccount is what accountEvents asks to follow.
var FollowAccount = (*Resolver).followAccount
