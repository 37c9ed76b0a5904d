package subscriptions

// kin are the sockets of each assuré, 0 for services: those whose rights change
// together. They hang on each other, since a map for each assuré would cost more
// than the socket that is in it. The transport's mu guards them.
type kin map[int64]*socket

func (k kin) add(s *socket, assure int64) {
	s.assure, s.sibling = assure, k[assure]
	k[assure] = s
}

// remove takes a socket out; one that is not in is nothing.
func (k kin) remove(s *socket) {
	first := k[s.assure]
	for at := &first; *at != nil; at = &(*at).sibling {
		if *at == s {
			*at, s.sibling = s.sibling, nil
			break
		}
	}
	if first == nil {
		delete(k, s.assure)
	} else {
		k[s.assure] = first
	}
}

// RightsChanged has Keep look at once at the sockets of assurés of whom something
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

// takeChanged takes the sockets that are to be looked at.
func (t *Transport) takeChanged() (sockets []*socket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for assure := range t.changed {
		for s := t.kin[assure]; s != nil; s = s.sibling {
			sockets = append(sockets, s)
		}
	}
	clear(t.changed)
	return sockets
}
