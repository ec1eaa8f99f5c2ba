package client_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/simferry/simferry/client"
)

// TestAgainstTheBareContract uses a server without Simferry's additions: no ETag, no Location,
// no ledger, no request ids, no refresh of refresh tokens.
func TestAgainstTheBareContract(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/authenticate", status(http.StatusOK, `{"auth_token": "t"}`))
	var sent http.Header
	mux.HandleFunc("POST /api/v1/sim/migration/workspace", func(w http.ResponseWriter, r *http.Request) {
		if sent == nil {
			sent = r.Header
			shown(w, r)
			return
		}
		sent = r.Header
		moved(w, r)
	})
	mux.HandleFunc("GET /api/v1/sim", status(http.StatusOK, `[{"id": 1}, {"id": 2}]`, "X-Total-Pages", "1"))
	url, _ := startScript(t, mux.ServeHTTP)
	c := newClient(t, url, client.WithPassword(admin, "x"))
	ctx := t.Context()
	preview, err := c.Preview(ctx, someSIM)
	if err != nil || preview.ETag != "" {
		t.Fatalf("%+v %v", preview, err)
	}
	done, err := c.Migrate(ctx, someSIM, client.IfMatch(preview.ETag))
	if err != nil || done.SIMCount != 1 || done.Replayed {
		t.Fatalf("%+v %v", done, err)
	}
	if _, there := sent["If-Match"]; there {
		t.Errorf("an empty If-Match was sent: %v", sent)
	}
	if _, ok := done.LedgerID(); ok {
		t.Error("a ledger entry out of nothing")
	}
	if _, err := c.Migration(ctx, 1); !client.IsNotFound(err) || asError[*client.APIError](t, err).RequestID != "" {
		t.Errorf("%v", err)
	}
	n := 0
	for _, err := range c.AllSIMs(ctx, client.ListOptions{}) {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d SIMs", n)
	}
}

// Pages without totals must not be taken for the whole list.
func TestPagesWithoutTotals(t *testing.T) {
	url, _ := startScript(t, status(http.StatusOK, `[{"id": 1}]`))
	var got error
	for _, err := range newClient(t, url).AllSIMs(t.Context(), client.ListOptions{}) {
		got = err
	}
	if got == nil {
		t.Error("one page was taken for all")
	}
}

// The list changes while it is read: an item may move to a page that was already read. The walk
// must report that.
func TestChangedListEndsTheWalk(t *testing.T) {
	for name, second := range map[string]func(http.ResponseWriter, *http.Request){
		"shorter by a page": status(http.StatusOK, `[{"id": 1}]`, "X-Total-Pages", "1", "X-Current-Page", "1"),
		"one item less":     status(http.StatusOK, `[{"id": 3}]`, "X-Total-Pages", "2", "X-Current-Page", "2", "X-Total-Count", "2"),
		"one item more":     status(http.StatusOK, `[{"id": 1}]`, "X-Total-Pages", "4", "X-Current-Page", "2", "X-Total-Count", "4"),
	} {
		url, s := startScript(t, status(http.StatusOK, `[{"id": 1}]`, "X-Total-Pages", "3", "X-Current-Page", "1", "X-Total-Count", "3"), second)
		var last error
		n := 0
		for _, err := range newClient(t, url).AllSIMs(t.Context(), client.ListOptions{}) {
			if last = err; err == nil {
				n++
			}
		}
		if n != 1 || !errors.Is(last, client.ErrListChanged) || len(s.requests()) != 2 {
			t.Errorf("%s: %d SIMs in %d requests, %v", name, n, len(s.requests()), last)
		}
	}
}

// A cursor that does not advance must not cause an endless walk.
func TestCursorThatDoesNotAdvance(t *testing.T) {
	page := status(http.StatusOK, `[{"id": 1}]`, "X-Total-Pages", "3", "X-Current-Page", "1", "X-Next", "1")
	url, s := startScript(t, slices.Repeat([]http.HandlerFunc{page}, 2)...)
	var last error
	for _, err := range newClient(t, url).AllSIMs(t.Context(), client.ListOptions{}) {
		last = err
	}
	if last == nil || len(s.requests()) != 2 {
		t.Errorf("%d requests, %v", len(s.requests()), last)
	}
}

func TestErrorEndsTheWalk(t *testing.T) {
	url, _ := startScript(t,
		status(http.StatusOK, `[{"id": 1}]`, "X-Total-Pages", "3", "X-Current-Page", "1"),
		status(http.StatusInternalServerError, ""))
	var sims, faults int
	for _, err := range newClient(t, url).AllSIMs(t.Context(), client.ListOptions{}) {
		if err != nil {
			faults++
			continue
		}
		sims++
	}
	if sims != 1 || faults != 1 {
		t.Errorf("%d SIMs and %d errors", sims, faults)
	}
}
