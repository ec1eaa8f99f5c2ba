package traffic

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Kind is what a request asks for.
type Kind string

// The kinds of requests.
const (
	Migrate Kind = "migrate" // a real run
	Preview Kind = "preview" // a dry run
	Patch   Kind = "patch"   // of a SIM's status
	Plug    Kind = "plug"    // attach a SIM to a device, or detach it
)

// Request is what a client wants, over all its attempts.
type Request struct {
	Client  int    `json:"client"`
	Kind    Kind   `json:"kind"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	Key     string `json:"key,omitempty"` // Idempotency-Key; a request without one is sent once
	IfMatch string `json:"if_match,omitempty"`
	Body    string `json:"body"`

	target   int64   // of a migration
	sims     []int64 // of a migration, ascending; one of a patch or a plug; none to detach
	status   int64   // of a patch
	device   int64   // of a plug
	mustFail bool    // no state of the database allows it

	attempts []*Attempt
}

// Attempt is one attempt to send a request.
type Attempt struct {
	Request *Request
	Server  string // the URL
	Sent    time.Time
	Ended   time.Time // with or without a reply
	Err     error     // there was no reply
	Status  int       // 0 without a reply
	Header  http.Header
	Body    []byte
}

// Settled reports whether the reply is final: it was not lost, and it neither says to try again
// nor to sign in again.
func (a *Attempt) Settled() bool {
	return a.Err == nil && a.Status < http.StatusInternalServerError && a.Status != http.StatusUnauthorized &&
		a.Status != http.StatusTooManyRequests && a.Header.Get("Retry-After") == ""
}

// Refused reports whether the server was unable to reply, or said so.
func (a *Attempt) Refused() bool { return a.Err != nil || a.Status >= http.StatusInternalServerError }

// Replayed reports whether the reply repeats an earlier one.
func (a *Attempt) Replayed() bool { return a.Header.Get("Idempotent-Replayed") == "true" }

// Location returns the path of the ledger entry that the reply names; "" without one.
func (a *Attempt) Location() string { return a.Header.Get("Location") }

// succeeded reports whether the reply is final and reports success.
func (a *Attempt) succeeded() bool { return a.Settled() && a.Status < http.StatusMultipleChoices }

// Wrote reports whether the attempt moved SIMs: it succeeded, and does not repeat an earlier reply.
func (a *Attempt) Wrote() bool { return a.succeeded() && a.Request.Kind == Migrate && !a.Replayed() }

// stored reports whether a server stores the reply under the request's key: successes and refusals
// by the rules.
func (a *Attempt) stored() bool {
	return a.succeeded() || a.Settled() && a.Status == http.StatusConflict
}

// Acknowledged returns the first reply that reported the success of a write; nil without one.
func (r *Request) Acknowledged() *Attempt {
	if r.Kind == Preview {
		return nil
	}
	i := slices.IndexFunc(r.attempts, (*Attempt).succeeded)
	if i < 0 {
		return nil
	}
	return r.attempts[i]
}

// final returns the first reply that is final; nil without one.
func (r *Request) final() *Attempt {
	i := slices.IndexFunc(r.attempts, (*Attempt).Settled)
	if i < 0 {
		return nil
	}
	return r.attempts[i]
}

// unchanged reports whether a SIM in that state already is as a patch or a plug requests.
func (r *Request) unchanged(s state) bool {
	return r.Kind == Patch && s.status == r.status || r.Kind == Plug && s.device == r.device
}

// String describes a request in messages.
func (r *Request) String() string {
	key := "without a key"
	if r.Key != "" {
		key = "with key " + strconv.Quote(r.Key)
	}
	return fmt.Sprintf("client %d's %s %s %s %s (%d attempts)", r.Client, r.Method, r.Path, clip([]byte(r.Body)), key, len(r.attempts))
}

func clip(b []byte) string {
	const most = 160
	if len(b) > most {
		return string(b[:most]) + "…"
	}
	return string(b)
}
