package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// floodOf is a request that is sent again and again on many connections.
type floodOf struct {
	URL, Method, Bearer string
	Body                []byte
	Header              map[string]string // in addition to those of the API's clients
	Clients             int
	Many                bool // from many addresses
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
				req, err := http.NewRequestWithContext(ctx, f.Method, f.URL, bytes.NewReader(f.Body))
				if err != nil {
					return
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Accept-Encoding", "gzip")
				for name, value := range f.Header {
					req.Header.Set(name, value)
				}
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

// floodMain runs flood in a separate process, with the floodOf of its standard input, until that
// ends.
func floodMain() {
	var f floodOf
	spec := json.NewDecoder(os.Stdin)
	if err := spec.Decode(&f); err != nil {
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
	cmd := exec.CommandContext(t.Context(), "flood")
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		err = json.NewEncoder(in).Encode(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
}
