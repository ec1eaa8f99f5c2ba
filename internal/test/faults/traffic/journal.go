package traffic

import (
	"bytes"
	"cmp"
	"context"
	cryptorand "crypto/rand"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// Journal is what clients sent and what they got back.
type Journal struct {
	Requests  []*Request
	Anomalies []string // replies that no client should get
}

// Acknowledged returns the requests that some client saw succeed.
func (j *Journal) Acknowledged() []*Request {
	var done []*Request
	for _, r := range j.Requests {
		if r.Acknowledged() != nil {
			done = append(done, r)
		}
	}
	return done
}

// UnderWay counts the attempts in flight at an instant.
func (j *Journal) UnderWay(at time.Time) int {
	n := 0
	for _, r := range j.Requests {
		for _, a := range r.Answers {
			if a.Sent.Before(at) && a.At.After(at) {
				n++
			}
		}
	}
	return n
}

// Ask sends one request, once, and records it. Every second request has a key.
func (j *Journal) Ask(ctx context.Context, c *Clients, rng *rand.Rand) Answer {
	l := &Load{clients: c}
	r := some(rng, keys[len(j.Requests)%len(keys)]())
	a := c.send(ctx, r, rng.IntN(len(c.urls)))
	l.note(r, a)
	j.Requests, j.Anomalies = append(j.Requests, r), append(j.Anomalies, l.anomalies...)
	return a
}

var keys = []func() string{cryptorand.Text, func() string { return "" }}

// Add appends another journal.
func (j *Journal) Add(more *Journal) {
	j.Requests = append(j.Requests, more.Requests...)
	j.Anomalies = append(j.Anomalies, more.Anomalies...)
}

// Compare compares the journal with the database: every success is stored as acknowledged (I5),
// once per key (I6), and nothing is stored that was not requested (I7). A request without a key
// that got no reply may be stored once.
func (j *Journal) Compare(have *Stored) []string {
	wrong := slices.Clone(j.Anomalies)
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	claimed := make(map[string]*Request)
	for _, r := range j.Acknowledged() {
		j.compareOne(r, have, claimed, fail)
	}
	open := make(map[string]int) // what may be there
	for _, r := range j.Requests {
		if !r.Settled() {
			open[r.what()]++
		}
	}
	for _, e := range have.Entries {
		if claimed[e.Location()] != nil {
			continue
		}
		if open[e.what()] == 0 {
			fail("I7: ledger entry %d moved %v to %d, but no accepted request asked for it, or it was done twice", e.ID, e.SIMs, e.Target)
			continue
		}
		open[e.what()]--
	}
	return wrong
}

func (j *Journal) compareOne(r *Request, have *Stored, claimed map[string]*Request, fail func(string, ...any)) {
	first := r.Acknowledged()
	for _, a := range r.Answers {
		if a.Status == http.StatusOK && (a.Location != first.Location || !bytes.Equal(a.Body, first.Body)) {
			fail("I6: %v had two answers, %s and %s", r, first.Location, a.Location)
		} else if a.Settled() && a.Status != http.StatusOK {
			fail("I6: %v succeeded, and was also answered %d: %.200s", r, a.Status, a.Body)
		}
	}
	if other := claimed[first.Location]; other != nil {
		fail("I6: %v and %v both had the answer %s", r, other, first.Location)
	}
	claimed[first.Location] = r
	if lost := have.Lacks(first.Location, r); lost != "" {
		fail("%s", lost)
	}
	if !slices.Equal(answeredSIMs(first.Body), r.SIMs) {
		fail("I5: %v was answered with other SIMs: %.200s", r, first.Body)
	}
}

// Lacks describes what differs in the database from an acknowledged request (I5); "" if nothing
// does.
func (s *Stored) Lacks(location string, r *Request) string {
	e, found := s.byLocation[location]
	switch {
	case !found:
		return fmt.Sprintf("I5: %v was acknowledged as %s, which is not there", r, location)
	case e.what() != r.what():
		return fmt.Sprintf("I5: %v was acknowledged as %s, which moved %v to %d", r, location, e.SIMs, e.Target)
	case r.Key != "" && e.Key != r.Key:
		return fmt.Sprintf("I6: %v was acknowledged as %s, which is under the key %q", r, location, e.Key)
	}
	return ""
}

func answeredSIMs(body []byte) []int64 {
	var got struct {
		SIMs []struct {
			ID int64 `json:"id"`
		} `json:"sims"`
	}
	_ = json.Unmarshal(body, &got) // an unreadable body has no SIMs
	ids := make([]int64, len(got.SIMs))
	for i, s := range got.SIMs {
		ids[i] = s.ID
	}
	slices.SortFunc(ids, cmp.Compare[int64])
	return ids
}

// what describes the effect of a request. Requests of equal effect cannot be told from each
// other.
func (r *Request) what() string { return fmt.Sprint(r.Target, r.SIMs) }

// Replay repeats up to n successes by their keys, the latest first: each must get the same
// bytes (I6).
func (j *Journal) Replay(ctx context.Context, c *Clients, n int) (asked int, wrong []string) {
	done := j.Acknowledged()
	for _, r := range slices.Backward(done) {
		if asked == n {
			break
		}
		if r.Key == "" {
			continue
		}
		asked++
		first := *r.Acknowledged()
		a := c.send(ctx, r, asked%len(c.urls))
		if a.Status != first.Status || a.Location != first.Location || !bytes.Equal(a.Body, first.Body) || !a.Replayed {
			wrong = append(wrong, fmt.Sprintf("I6: %v, asked again: %d %s %.200s", r, a.Status, a.Location, a.Body))
		}
	}
	return asked, wrong
}
