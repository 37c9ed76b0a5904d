package web

import (
	"net/http"
	"strings"
)

// policy is the page's Content-Security-Policy: everything from the page's own
// origin, scripts and workers included, with two exceptions, both for Monaco,
// GraphiQL's editor.
var policy = strings.Join([]string{
	"default-src 'self'",
	// 'self' covers the WebSocket of the same host and port too (CSP level 3).
	"connect-src 'self'",
	"font-src 'self'",
	"worker-src 'self'",
	// Exception 1: Monaco writes style elements and attributes as it goes, and
	// knows no nonce.
	"style-src 'self' 'unsafe-inline'",
	// Exception 2: Monaco's style sheet holds small pictures, such as the wavy
	// line under an error.
	"img-src 'self' data:",
	"object-src 'none'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
}, "; ")

// setSecurity sets the headers that every answer carries: a worker runs under
// the policy of its own script's answer, not under the page's.
func setSecurity(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}
