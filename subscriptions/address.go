package subscriptions

import (
	"net/http"
	"net/netip"

	"comptesante/domain"
)

// errCrowded is what a client at an address with too many connections is told; the
// address may be many people's.
var errCrowded = domain.Errorf(domain.RateLimited, "too many connections from this address: try again later")

// receive counts a connection to come for its address, until dismiss or exit; false
// where the address has too many. It costs no upgrade to refuse one.
func (t *Transport) receive(r *http.Request) (from netip.Addr, welcome bool) {
	if t.Address != nil {
		from = t.Address(r)
	} else if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		from = peer.Addr()
	}
	from = household(from)
	if !from.IsValid() { // not of the internet
		return from, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.visitors[from] >= t.Limits.PerAddress {
		t.Metrics.closed(closeTooMany)
		t.crowded.Do(func() {
			t.Log.Warn("an address has too many connections: if it is a proxy's, see COMPTESANTE_TRUSTED_PROXIES (said once)", "cap", t.Limits.PerAddress)
		})
		return from, false
	}
	t.visitors[from]++
	return from, true
}

// household is what an address is counted as: of IPv6 its first 64 bits, since each
// client has as many addresses there as it likes.
func household(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		a = netip.PrefixFrom(a, 64).Masked().Addr()
	}
	return a
}

// dismiss takes back receive, for a connection that did not come to be.
func (t *Transport) dismiss(from netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(from)
}

// forget is dismiss for who holds mu.
func (t *Transport) forget(from netip.Addr) {
	if n := t.visitors[from]; n > 1 {
		t.visitors[from] = n - 1
	} else {
		delete(t.visitors, from)
	}
}
