package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// floodOf is a request that is sent again and again on many connections.
type floodOf struct {
	URL, Method, Bearer, Body string
	Clients                   int
	Many                      bool // from many addresses
}

// flood runs in this process. It does not unpack the answers, which would cost more than to
// make them.
func flood(ctx context.Context, f floodOf) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: f.Clients, DisableCompression: true}}
	defer client.CloseIdleConnections()
	var all sync.WaitGroup
	for i := range f.Clients {
		all.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				req, err := http.NewRequestWithContext(ctx, f.Method, f.URL, strings.NewReader(f.Body))
				if err != nil {
					return
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Accept-Encoding", "gzip")
				if f.Bearer != "" {
					req.Header.Set("Authorization", "Bearer "+f.Bearer)
				}
				if f.Many {
					req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.%d.%d", (i*7+k)%200, k%250))
				}
				if resp, err := client.Do(req); err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
			}
		})
	}
	all.Wait()
}

// floodMain runs flood in a separate process until its standard input ends.
func floodMain() {
	var f floodOf
	if err := json.Unmarshal([]byte(os.Args[1]), &f); err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	flood(ctx, f)
}

// startFlood starts flood in a process of its own, so that it does not share a scheduler with
// what is measured. end ends it.
func startFlood(t *testing.T, f floodOf) (end func()) {
	t.Helper()
	spec, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "flood", string(spec))
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
}
