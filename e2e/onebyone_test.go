package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit/fakeserver"
)

// BenchmarkFiveHundred moves 500 Activated SIMs back and forth: by one command over a
// file, and one by one, as it was done before there were migrations. Both go to the same
// server, in turns.
func BenchmarkFiveHundred(b *testing.B) {
	const sims = 500
	address, _ := serveSIMs(b, sims)
	counted, requests := counting(b, address)
	k := newKilled(b, counted, sims)
	issuer, err := client.New(counted, client.WithPassword(issuerName, fakeserver.Password))
	if err != nil {
		b.Fatal(err)
	}
	admin, err := client.New(counted, client.WithPassword(fakeserver.Username, fakeserver.Password))
	if err != nil {
		b.Fatal(err)
	}
	ways := []struct {
		name string
		move func(ctx context.Context, to int64) error
	}{
		{"file", func(ctx context.Context, to int64) error {
			out, err := k.command(ctx, "migrate", "--to", fmt.Sprint(to), "--file", k.file, "--yes", "--on-client").CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		}},
		{"patch", func(ctx context.Context, to int64) error { return patchEach(ctx, issuer, sims, to) }},
		{"migration", func(ctx context.Context, to int64) error {
			for id := range int64(sims) {
				if _, err := admin.Migrate(ctx, client.MigrationRequest{Target: to, SIMs: []int64{id + 1}}); err != nil {
					return err
				}
			}
			return nil
		}},
	}
	to := int64(plainHome)
	for range 2 { // in turns
		for _, way := range ways {
			b.Run(way.name, func(b *testing.B) {
				before := requests.Load()
				for b.Loop() {
					to = plainHome + plainTarget - to
					if err := way.move(b.Context(), to); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(requests.Load()-before)/float64(b.N), "requests/op")
			})
		}
	}
}

// patchEach gives SIMs away as their issuer, one request each over one connection.
func patchEach(ctx context.Context, issuer *client.Client, sims, to int64) error {
	for id := range sims {
		if _, err := issuer.PatchSIM(ctx, id+1, api.SIMPatch{CustomerOrg: api.Some(api.RefTo(to))}); err != nil {
			return err
		}
	}
	return nil
}

// counting returns a server's address that counts what goes through it.
func counting(b *testing.B, address string) (string, *atomic.Int64) {
	b.Helper()
	target, err := url.Parse(address)
	if err != nil {
		b.Fatal(err)
	}
	var requests atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 16}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	b.Cleanup(front.Close)
	return front.URL, &requests
}
