package main

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress tells whose connection a request came by: the peer's, or, where the
// peer is a trusted proxy, the last hop of X-Forwarded-For that is none. What stands
// before that hop the client may have written itself. It is nobody's, the zero Addr,
// where the peer is all that is known and of a private network: that may be a
// balancer which nobody has named, with everybody behind it.
func (c *config) clientAddress() func(*http.Request) netip.Addr {
	var trusted []netip.Prefix
	for _, p := range c.Proxies {
		prefix, _ := netip.ParsePrefix(p) // loadConfig has checked it
		trusted = append(trusted, prefix.Masked())
	}
	isTrusted := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	return func(r *http.Request) netip.Addr {
		at, _ := parseHop(r.RemoteAddr)
		peer := at
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && isTrusted(at); i-- {
			hop, ok := parseHop(strings.TrimSpace(hops[i]))
			if !ok {
				break // the proxy knows no better: its own address counts
			}
			at = hop
		}
		if at == peer && (at.IsPrivate() || at.IsLoopback() || at.IsLinkLocalUnicast()) {
			return netip.Addr{}
		}
		return at
	}
}

// parseHop reads an address, with or without a port.
func parseHop(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	if err != nil {
		var withPort netip.AddrPort
		withPort, err = netip.ParseAddrPort(text)
		a = withPort.Addr()
	}
	return a.Unmap().WithZone(""), err == nil
}
