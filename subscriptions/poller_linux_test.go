package subscriptions

// waiting is how many sockets the poller knows.
func (p *parking) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.poller == nil {
		return 0
	}
	p.poller.mu.Lock()
	defer p.poller.mu.Unlock()
	return max(len(p.poller.watched), len(p.poller.watching))
}
