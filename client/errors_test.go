package client_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/test/kit"
)

func TestRefusalsOfTheRealServer(t *testing.T) {
	s := startFerry(t)
	ctx, c := t.Context(), clientAs(t, s, admin)
	missing := func(c *client.Client) error { _, err := c.SIM(ctx, 4711); return err }
	tests := []struct {
		name   string
		err    error
		is     func(error) bool
		status int
		code   int
	}{
		{"a SIM that does not exist", missing(c), client.IsNotFound, http.StatusNotFound, 1201},
		{"a role that is not enough", clientAs(t, s, observer).SetSIMStatus(ctx, kit.IssuedSIM, client.SIMActivated), client.IsForbidden, http.StatusForbidden, 1104},
		{"a transition that is not allowed", c.SetSIMStatus(ctx, kit.AttachedSIM, client.SIMIssued), client.IsInvalid, http.StatusBadRequest, 1000},
		{"no credentials", missing(clientFor(t, s)), client.IsUnauthorized, http.StatusUnauthorized, 0},
		{"a wrong password", missing(clientFor(t, s, client.WithPassword(admin, "wrong"))), client.IsUnauthorized, http.StatusUnauthorized, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := asError[*client.APIError](t, tt.err)
			if !tt.is(tt.err) || got.Status != tt.status || got.Code != tt.code || got.Message == "" || got.RequestID == "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestMissingSIMsAreNamed(t *testing.T) {
	c := clientAs(t, startFerry(t), admin)
	_, err := c.Preview(t.Context(), client.MigrationRequest{Target: kit.FleetFR, SIMs: []int64{kit.AttachedSIM, 4711, kit.SIMElsewhere}})
	got := asError[*client.APIError](t, err)
	if !client.IsNotFound(err) || len(got.Problems) != 2 || !strings.Contains(got.Problems[0].Message, "4711") {
		t.Errorf("%+v", got)
	}
}

func TestConflictNamesEveryReasonAndSIM(t *testing.T) {
	c := clientAs(t, startFerry(t), admin)
	ask := client.MigrationRequest{Target: kit.FleetFR, SIMs: []int64{kit.AttachedSIM, kit.IssuedSIM, kit.SIMInFR}, AllowedStatuses: []int64{client.SIMActivated}}
	for name, run := range map[string]func() error{
		"dry run":  func() error { _, err := c.Preview(t.Context(), ask); return err },
		"real run": func() error { _, err := c.Migrate(t.Context(), ask); return err },
	} {
		t.Run(name, func(t *testing.T) {
			err := run()
			got := asError[*client.ConflictError](t, err)
			blocked := map[int][]int64{}
			for _, g := range got.Groups {
				for _, sim := range g.SIMs {
					blocked[g.ErrorCode] = append(blocked[g.ErrorCode], sim.ID)
				}
			}
			if len(blocked) != 3 || !slices.Equal(blocked[client.SIMsAttached], []int64{kit.AttachedSIM}) ||
				!slices.Equal(blocked[client.StatusNotAllowed], []int64{kit.IssuedSIM}) || !slices.Equal(blocked[client.AlreadyInTarget], []int64{kit.SIMInFR}) {
				t.Errorf("blocked SIMs: %v", blocked)
			}
			if !client.IsConflict(err) || client.IsStale(err) || !got.Has(client.SIMsAttached) || got.Has(client.TargetSuspended) {
				t.Errorf("%v", err)
			}
			if plain := asError[*client.APIError](t, err); plain.Status != http.StatusConflict || plain.RequestID == "" {
				t.Errorf("as an APIError: %+v", plain)
			}
			if !strings.Contains(err.Error(), "1506 SIM(s) already in the target Workspace (1)") {
				t.Errorf("the error lacks the reasons: %v", err)
			}
		})
	}
}

func TestStaleErrorListsChanges(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	ask := client.MigrationRequest{Target: kit.FleetFR, SIMs: []int64{kit.ActivatedSIM, kit.IssuedSIM}}
	preview, err := c.Preview(ctx, ask)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetSIMStatus(ctx, kit.IssuedSIM, client.SIMActivated); err != nil {
		t.Fatal(err)
	}
	_, err = c.Migrate(ctx, ask, client.IfMatch(preview.ETag))
	got := asError[*client.StaleError](t, err)
	if len(got.SIMs) != 1 || got.SIMs[0].ID != kit.IssuedSIM || got.SIMs[0].Changes[0].Now.ID != client.SIMActivated {
		t.Errorf("%+v", got.SIMs)
	}
	if !client.IsStale(err) || client.IsConflict(err) || asError[*client.APIError](t, err).Status != http.StatusPreconditionFailed {
		t.Errorf("%v", err)
	}
}

// Reusing a key for another request is a caller's error, not a conflict of the rules.
func TestKeyOfAnotherRequest(t *testing.T) {
	ctx, c := t.Context(), clientAs(t, startFerry(t), admin)
	key := client.IdempotencyKey("rollout 7")
	if _, err := c.Migrate(ctx, client.MigrationRequest{Target: kit.FleetFR, SIMs: []int64{kit.IssuedSIM}}, key); err != nil {
		t.Fatal(err)
	}
	_, err := c.Migrate(ctx, client.MigrationRequest{Target: kit.FleetFR, SIMs: []int64{kit.SuspendedSIM}}, key)
	if !client.IsInvalid(err) || client.IsConflict(err) {
		t.Errorf("%v", err)
	}
}

func TestLockedAccount(t *testing.T) {
	s := startFerry(t)
	c := clientFor(t, s)
	var err error
	for range 4 {
		_, err = c.AuthenticateUser(t.Context(), admin, "wrong")
	}
	got := asError[*client.APIError](t, err)
	if !client.IsTooManyRequests(err) || !client.IsUnauthorized(err) || got.RetryAfter <= 0 {
		t.Errorf("%+v", got)
	}
}

// A proxy may respond in a format of its own.
func TestForeignErrorResponses(t *testing.T) {
	tests := map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a proxy's page":         {status(http.StatusForbidden, "<html>no</html>"), "403 Forbidden"},
		"no body":                {status(http.StatusUnauthorized, ""), "401 Unauthorized"},
		"an unknown status":      {status(499, ""), "status 499"},
		"errors of another kind": {status(http.StatusBadRequest, `{"message": "bad", "errors": "many"}`), "bad"},
		"409 without reasons":    {status(http.StatusConflict, `{"error_code": 1406, "message": "still running"}`), "still running"},
		"409 with other reasons": {status(http.StatusConflict, `{"status_code": 409, "message": "no", "errors": 7}`), "no"},
		"a truncated response":   {status(http.StatusOK, `{"id": `), "cannot decode the response"},
		"a response not in JSON": {status(http.StatusOK, `<html>`), "cannot decode the response"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, _ := startScript(t, tt.answer)
			_, err := newClient(t, url).MyWorkspace(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || client.IsConflict(err) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

// A server that performs a real run instead of a preview must be reported.
func TestRealRunInsteadOfPreview(t *testing.T) {
	url, _ := startScript(t, status(http.StatusOK, fmt.Sprintf(`{"sim_count": 1, "dry_run": false, "target_workspace": {"id": %d, "name": "x"}, "sims": []}`, kit.FleetFR)))
	if _, err := newClient(t, url).Preview(t.Context(), client.MigrationRequest{Target: kit.FleetFR, SIMs: []int64{1}}); err == nil {
		t.Error("a real run in place of the preview was not reported")
	}
}

func TestReadinessHasTheReason(t *testing.T) {
	url, s := startScript(t, status(http.StatusServiceUnavailable, `{"status": "unavailable", "reason": "the database is away"}`, "Retry-After", "1"))
	err := newClient(t, url).Ready(t.Context())
	if !client.IsUnavailable(err) || !strings.Contains(err.Error(), "the database is away") || len(s.requests()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests()))
	}
}
