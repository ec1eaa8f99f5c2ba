package traffic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// Request is one migration that a client wants, and all replies to it.
type Request struct {
	Key     string // Idempotency-Key; a request without one is sent only once
	Target  int64
	SIMs    []int64 // ascending
	body    []byte
	Answers []Answer
}

// Answer is the outcome of one attempt. Status 0 means that the connection broke.
type Answer struct {
	Sent, At time.Time
	Server   int // the server's number
	Status   int
	Location string // the ledger entry of a 200
	Replayed bool
	Later    string // Retry-After
	Body     []byte
}

// Settled reports whether the reply is final: neither missing, nor a Retry-After, nor "still
// running".
func (a Answer) Settled() bool {
	switch {
	case a.Status == 0, a.Status >= 500, a.Status == http.StatusTooManyRequests, a.Status == http.StatusUnauthorized:
		return false
	case a.Status == http.StatusConflict:
		return a.Later == ""
	}
	return true
}

// Refused reports whether an attempt got a Retry-After, or no reply.
func (a Answer) Refused() bool { return a.Status == 0 || a.Status >= 500 }

// Acknowledged returns the reply that reported success; nil if there was none.
func (r *Request) Acknowledged() *Answer {
	i := slices.IndexFunc(r.Answers, func(a Answer) bool { return a.Status == http.StatusOK })
	if i < 0 {
		return nil
	}
	return &r.Answers[i]
}

// Settled reports whether any reply is final.
func (r *Request) Settled() bool { return slices.ContainsFunc(r.Answers, Answer.Settled) }

func (r *Request) String() string {
	return fmt.Sprintf("migration of %v to %d (key %q, %d attempts)", r.SIMs, r.Target, r.Key, len(r.Answers))
}

// some makes a request over one to four SIMs, selected in one of the three ways.
func some(rng *rand.Rand, key string) *Request {
	r := &Request{Key: key, Target: workspaces[rng.IntN(len(workspaces))]}
	body := map[string]any{"target_workspace": reference(r.Target), "dry_run": false, "auto_detach_devices": true}
	n := 1 + rng.IntN(4)
	switch rng.IntN(3) {
	case 0:
		first := firstSIM + int64(rng.IntN(SIMs-n))
		for i := range int64(n) {
			r.SIMs = append(r.SIMs, first+i)
		}
		body["iccid_range"] = map[string]any{"start": iccid(first), "end": iccid(first + int64(n) - 1)}
	case 1:
		r.SIMs = scattered(rng, n)
		body["iccids"] = mapped(r.SIMs, iccid)
	default:
		r.SIMs = scattered(rng, n)
		body["sims"] = mapped(r.SIMs, reference)
	}
	r.body, _ = json.Marshal(body) //nolint:errchkjson // numbers and strings only: cannot fail
	return r
}

func reference(id int64) map[string]int64 { return map[string]int64{"id": id} }

func mapped[T any](ids []int64, f func(int64) T) []T {
	out := make([]T, len(ids))
	for i, id := range ids {
		out[i] = f(id)
	}
	return out
}

func scattered(rng *rand.Rand, n int) []int64 {
	var ids []int64
	for len(ids) < n {
		if id := firstSIM + int64(rng.IntN(SIMs)); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
