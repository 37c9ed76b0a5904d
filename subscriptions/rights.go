package subscriptions

// kin are the connections of each assuré, 0 for services: those whose rights change
// together. They hang on each other, since a map for each assuré would cost more
// than the connection that is in it. The transport's mu guards them.
type kin map[int64]*connection

func (k kin) add(c *connection, assure int64) {
	c.assure, c.sibling = assure, k[assure]
	k[assure] = c
}

// remove takes a connection out; one that is not in is nothing.
func (k kin) remove(c *connection) {
	first := k[c.assure]
	for at := &first; *at != nil; at = &(*at).sibling {
		if *at == c {
			*at, c.sibling = c.sibling, nil
			break
		}
	}
	if first == nil {
		delete(k, c.assure)
	} else {
		k[c.assure] = first
	}
}

// RightsChanged has Keep look at once at the connections of assurés of whom something
// has changed that decides what they, or one of their sessions, may do. It does not
// wait. What it is not told of, Keep finds within keepEvery.
func (t *Transport) RightsChanged(assures []int64) {
	t.prepare()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, assure := range assures {
		if t.kin[assure] != nil {
			t.changed[assure] = true
			t.rung.pull()
		}
	}
}

// takeChanged takes the connections that are to be looked at.
func (t *Transport) takeChanged() (connections []*connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for assure := range t.changed {
		for c := t.kin[assure]; c != nil; c = c.sibling {
			connections = append(connections, c)
		}
	}
	clear(t.changed)
	return connections
}
