package domain

import (
	"errors"
	"fmt"
)

// Code is the kind of an error that a caller can act on. It is what clients
// read in extensions.code; every error without one is INTERNAL.
type Code string

// The codes of the API. Each says what the caller can do about it.
const (
	Unauthenticated  Code = "UNAUTHENTICATED"      // sign in, or sign in again
	Forbidden        Code = "FORBIDDEN"            // this role may never call the operation
	NotFound         Code = "NOT_FOUND"            // not there, or not yours: the two are told alike
	StepUpRequired   Code = "STEP_UP_REQUIRED"     // sign in at a higher level, or afresh
	RateLimited      Code = "RATE_LIMITED"         // wait for as long as the error says
	Validation       Code = "VALIDATION"           // the request is malformed: mend it
	Conflict         Code = "CONFLICT"             // the state has changed meanwhile: read again
	QueryTooComplex  Code = "QUERY_TOO_COMPLEX"    // ask for less at once
	Unavailable      Code = "UNAVAILABLE"          // try again later, nothing is lost
	Internal         Code = "INTERNAL"             // our fault: quote the trace id
	IdempotencyClash Code = "IDEMPOTENCY_MISMATCH" // same key, other input
)

// Error is an error that a caller may read: its code, a message that names the
// fault and the mend, and data for programs. It never carries the cause of an
// internal fault, another person's existence, or a secret value.
type Error struct {
	Code    Code
	Message string
	Data    map[string]any // more members of extensions; nil is legal
}

// Error gives the code and the message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf makes an Error; the message follows fmt.Sprintf.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// With returns e with one more datum for programs.
func (e *Error) With(key string, value any) *Error {
	data := make(map[string]any, len(e.Data)+1)
	for k, v := range e.Data {
		data[k] = v
	}
	data[key] = value
	return &Error{Code: e.Code, Message: e.Message, Data: data}
}

// CodeOf is the code of err: Internal for any error that is not an *Error, and
// empty for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
