package traffic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// Request is one migration that a client wants, and everything it was told of it.
type Request struct {
	Key     string // Idempotency-Key; "" where it has none, and may be sent once only
	Target  int64
	SIMs    []int64 // ascending
	body    []byte
	Answers []Answer
}

// Answer is what one attempt came to. Status 0 is none: the connection broke.
type Answer struct {
	Sent, At time.Time
	Server   int // which of the servers
	Status   int
	Location string // the ledger entry of a 200
	Replayed bool
	Later    string // Retry-After
	Body     []byte
}

// Settled tells whether the answer says what has become of the request: everything but
// silence, "not now", and "it still runs".
func (a Answer) Settled() bool {
	switch {
	case a.Status == 0, a.Status >= 500, a.Status == http.StatusTooManyRequests, a.Status == http.StatusUnauthorized:
		return false
	case a.Status == http.StatusConflict:
		return a.Later == ""
	}
	return true
}

// Refused tells of an attempt that was told "not now", or nothing at all.
func (a Answer) Refused() bool { return a.Status == 0 || a.Status >= 500 }

// Acknowledged is the answer that said it was done; nil where there is none.
func (r *Request) Acknowledged() *Answer {
	i := slices.IndexFunc(r.Answers, func(a Answer) bool { return a.Status == http.StatusOK })
	if i < 0 {
		return nil
	}
	return &r.Answers[i]
}

// Settled tells whether any answer did.
func (r *Request) Settled() bool { return slices.ContainsFunc(r.Answers, Answer.Settled) }

func (r *Request) String() string {
	return fmt.Sprintf("migration of %v to %d (key %q, %d attempts)", r.SIMs, r.Target, r.Key, len(r.Answers))
}

// some makes a request over one to four SIMs, in one of the ways to name them.
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
