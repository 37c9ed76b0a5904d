// Package domain holds the nouns of the product and their rules: what an
// assuré, a payment and an event are, and what must hold for each. It is pure:
// standard library only, no input or output, no clock; days and instants are
// passed in. The single rules that need more room have a package each below.
package domain
