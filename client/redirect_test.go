package client_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

// For every request and every redirect, nothing is sent to the new address, and the error names
// it.
func TestNoRedirectIsFollowed(t *testing.T) {
	var stolen atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	defer thief.Close()
	status := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL+"/moved"+r.URL.RequestURI(), status)
	}))
	defer server.Close()
	willing := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	calls := map[string]func(c *client.Client, o *client.Operator) error{
		"password": func(c *client.Client, _ *client.Operator) error {
			_, err := c.AuthenticateUser(t.Context(), "a@example.com", "secret")
			return err
		},
		"application token": func(c *client.Client, _ *client.Operator) error {
			_, err := c.AuthenticateApplication(t.Context(), "secret")
			return err
		},
		"refresh token": func(c *client.Client, _ *client.Operator) error {
			_, err := c.AuthenticateRefresh(t.Context(), "secret")
			return err
		},
		"second factor": func(c *client.Client, _ *client.Operator) error {
			_, err := c.AuthenticateSecondFactor(t.Context(), "secret", "123456")
			return err
		},
		"list": func(c *client.Client, _ *client.Operator) error {
			_, err := c.ListSIMs(t.Context(), client.ListOptions{Filter: "status:1"})
			return err
		},
		"migration": func(c *client.Client, _ *client.Operator) error {
			_, err := c.Migrate(t.Context(), client.MigrationRequest{Target: kit.Issuer, SIMs: []int64{1}}, client.IdempotencyKey("k"))
			return err
		},
		"operator": func(_ *client.Client, o *client.Operator) error {
			_, err := o.Workspace(t.Context(), 1)
			return err
		},
	}
	for name, call := range calls {
		for _, status = range []int{301, 302, 303, 307, 308} {
			for _, h := range []*http.Client{{}, willing} {
				c := newClient(t, server.URL, client.WithHTTPClient(h), client.WithBearer("b"))
				o, err := client.NewOperator(server.URL, "secret", client.WithHTTPClient(h))
				if err != nil {
					t.Fatal(err)
				}
				err = call(c, o)
				e, ok := errors.AsType[*client.RedirectError](err)
				if !ok || e.Status != status || !strings.HasPrefix(e.Location, thief.URL) || e.BaseURL != thief.URL+"/moved" || !strings.Contains(err.Error(), e.BaseURL) {
					t.Errorf("%s, %d: %v", name, status, err)
				}
			}
		}
	}
	if willing.CheckRedirect(nil, nil) != nil || stolen.Load() != 0 {
		t.Errorf("%d requests were sent elsewhere, or the caller's client was changed", stolen.Load())
	}
}

// A redirect that leads to no server, or to another operation, has no address to use.
func TestRedirectWithoutLocation(t *testing.T) {
	for location, want := range map[string]string{
		"":                             "redirects without a destination",
		"https://u:p@x.example/login":  "https://x.example/login;",
		"/api/v1/organisation/my?from": "/api/v1/organisation/my?from;",
	} {
		url, s := startScript(t, status(http.StatusFound, "", "Location", location))
		_, err := newClient(t, url, client.WithBearer("b")).MyWorkspace(t.Context())
		e, ok := errors.AsType[*client.RedirectError](err)
		if !ok || e.BaseURL != "" || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "u:p") || len(s.requests()) != 1 {
			t.Errorf("%q: %v", location, err)
		}
	}
}
