package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/simferry/simferry/client"
)

// Preview, then move exactly what was previewed.
func Example() {
	server := pretend()
	defer server.Close()

	ctx := context.Background()
	c, err := client.New(server.URL, client.WithPassword("admin@example.com", "correct horse"))
	if err != nil {
		fmt.Println(err)
		return
	}
	request := client.MigrationRequest{Target: 200, SIMs: []int64{250, 251}, DetachDevices: true}
	preview, err := c.Preview(ctx, request)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d SIMs would move to %s\n", preview.SIMCount, preview.TargetWorkspace.Name)

	done, err := c.Migrate(ctx, request, client.IfMatch(preview.ETag), client.IdempotencyKey(client.NewIdempotencyKey()))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d SIMs have moved; the record is at %s\n", done.SIMCount, done.Location)
	// Output:
	// 2 SIMs would move to Fleet FR
	// 2 SIMs have moved; the record is at /api/v1/migration/7
}

// A refusal lists every reason with its SIMs.
func ExampleConflictError() {
	server := pretend()
	defer server.Close()
	c, err := client.New(server.URL, client.WithBearer("token"))
	if err != nil {
		fmt.Println(err)
		return
	}

	_, err = c.Preview(context.Background(), client.MigrationRequest{Target: 200, SIMs: []int64{250, 251}})
	if refused, ok := errors.AsType[*client.ConflictError](err); ok {
		for _, reason := range refused.Groups {
			fmt.Println(reason.ErrorCode, reason.Message)
			for _, sim := range reason.SIMs {
				fmt.Println("  ", sim.ICCIDWithLuhn, "in", sim.Endpoint.Name)
			}
		}
	}
	// Output:
	// 1502 SIM(s) attached to devices
	//    89883030000000002501 in tracker-7
}

// All pages, one request at a time.
func ExampleClient_AllSIMs() {
	server := pretend()
	defer server.Close()
	c, err := client.New(server.URL, client.WithBearer("token"))
	if err != nil {
		fmt.Println(err)
		return
	}

	for sim, err := range c.AllSIMs(context.Background(), client.ListOptions{Filter: "status:1", Sort: "id"}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(sim.ID, sim.ICCID)
	}
	// Output:
	// 250 8988303000000000250
	// 251 8988303000000000251
}

// More retries than by default, for a nightly job.
func ExampleWithRetry() {
	patient := client.Retry{Attempts: 10, MinDelay: time.Second, MaxDelay: time.Minute, MaxRetryAfter: 10 * time.Minute}
	_, err := client.New("https://sims.example.com", client.WithRetry(patient), client.WithUserAgent("night-shift/1.0"))
	fmt.Println(err)
	// Output: <nil>
}

// pretend returns a server for the examples.
func pretend() *httptest.Server {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, status int, body string) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
	mux.HandleFunc("POST /api/v1/authenticate", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, `{"auth_token": "token"}`)
	})
	mux.HandleFunc("GET /api/v1/sim", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Total-Pages", "2")
		n := "250"
		if r.FormValue("page") == "2" {
			n = "251"
		}
		answer(w, http.StatusOK, `[{"id": `+n+`, "iccid": "8988303000000000`+n+`"}]`)
	})
	mux.HandleFunc("POST /api/v1/sim/migration/workspace", func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		status, reply := migrationAnswer(string(body), w.Header())
		answer(w, status, reply)
	})
	return httptest.NewServer(mux)
}
