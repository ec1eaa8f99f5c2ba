package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgproxy"
)

// lostCommits starts a server whose database connections can be lost at a commit.
func lostCommits(t *testing.T) (*kit.Server, *pgproxy.Proxy) {
	t.Helper()
	proxy := pgproxy.Start(t, kit.Postgres.FerryURL(t))
	return kit.StartOn(t, proxy.URL(), kit.NewClock()), proxy
}

// Every write takes effect once, leaves one audit entry and reports success, even if the
// response to its commit is lost. A request that has several transactions is tried with each of
// them.
func TestLostCommitOfEveryWrite(t *testing.T) {
	s, proxy := lostCommits(t)
	createHeldThings(s)
	h := newHeldServer(s)
	all := victims{server: s}
	patterns := held(revocation{})
	slices.SortStableFunc(patterns, func(a, b string) int { // those of the shared victim first
		return boolInt(heldWrites[a].own) - boolInt(heldWrites[b].own)
	})
	for _, pattern := range patterns {
		most := 1
		if heldWrites[pattern].own { // each attempt has its own victim
			most = 3
		}
		for n := 1; n <= most; n++ {
			if most > 1 {
				s.Exec("UPDATE receiving_codes SET revoked_at = 1 WHERE revoked_at IS NULL") // a Workspace has at most 200
			}
			r := all.forRow(pattern).request(t, h.url, pattern)
			r.Header.Del("Idempotency-Key")
			cuts := proxy.Cuts()
			proxy.CutNth(n, pgproxy.AfterCommit)
			resp, err := h.client.Do(r)
			mustNot(t, err)
			text, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if proxy.Cuts() == cuts && n > 1 {
				proxy.CutNth(1, pgproxy.Nowhere)
				break // the request has fewer commits
			}
			if resp.StatusCode >= http.StatusBadRequest || proxy.Cuts() != cuts+1 {
				t.Errorf("%s, commit %d: %d %s; %d commits cut", pattern, n, resp.StatusCode, text, proxy.Cuts()-cuts)
			}
			entries := auditWhere(s, fmt.Sprintf("request_id = '%s'", resp.Header.Get("X-Request-Id")))
			if len(entries) != 1 || entries[0].code != 0 {
				t.Errorf("%s, commit %d: audit entries %+v", pattern, n, entries)
			}
		}
	}
	s.CheckInvariants()
	s.MustFsck()
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A secret is shown once, even if the response to the commit is lost and the request has a key:
// the reply that is stored does not have it.
func TestLostCommitOfASecret(t *testing.T) {
	s, proxy := lostCommits(t)
	admin := s.As("admin@example.com").With("Idempotency-Key", "k")
	proxy.CutNth(1, pgproxy.AfterCommit)
	a := admin.Post("/api/v1/application_token", object{"description": "a"}).Is(http.StatusOK)
	if made := decodeBody[api.ApplicationTokenResponse](t, a, http.StatusOK); made.ApplicationToken == "" || proxy.Cuts() != 1 {
		t.Errorf("%+v, %d commits cut", made, proxy.Cuts())
	}
	if a.Header.Get("Idempotent-Replayed") != "" {
		t.Error("the first response is marked as a replay")
	}
	admin.Post("/api/v1/application_token", object{"description": "a"}).Is(http.StatusConflict)
}

// A repetition under a key is marked as one, even if the connection is lost at its own commit.
func TestLostCommitOfARepetition(t *testing.T) {
	s, proxy := lostCommits(t)
	for name, body := range map[string]object{"success": realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM)), "refusal": realRun(migrationTo(kit.FleetFR, kit.AttachedSIM))} {
		c := s.As("admin@example.com").With("Idempotency-Key", name)
		first := c.Post(migration, body)
		for _, when := range []pgproxy.Cut{pgproxy.BeforeCommit, pgproxy.AfterCommit} {
			cuts := proxy.Cuts()
			proxy.CutNth(1, when)
			again := c.Post(migration, body)
			if proxy.Cuts() != cuts+1 {
				t.Errorf("%s: %d commits cut", name, proxy.Cuts()-cuts)
			}
			wantReplay(t, first, again)
		}
	}
}

// The same for writes that need no bearer.
func TestLostCommitWithoutABearer(t *testing.T) {
	s, proxy := lostCommits(t)
	digest := identity.WireDigest(kit.Password)
	_, app := withFactor(s, "user@example.com")
	made := newApplicationToken(s, control.NewToken{})
	session := tokensOf(signIn(s.Anonymous(), "admin@example.com", kit.Password))
	reused := tokensOf(signIn(s.Anonymous(), "observer@example.com", kit.Password))
	refresh(s, tokensOf(refresh(s, reused.RefreshToken)).RefreshToken).Is(http.StatusOK)
	s.As("admin@example.com").Post("/api/v2/user/invitation", object{"username": "new1@example.com"}).Is(http.StatusCreated)
	key := nextMail(s).Secret
	tested := make(map[string]bool)
	for _, test := range []struct {
		name, pattern string
		status        int
		send          func() *kit.Answer
	}{
		{"password", "POST /api/v1/authenticate", 200, func() *kit.Answer {
			return s.Anonymous().Post(authenticate, object{"username": "admin@example.com", "password": digest})
		}},
		{"first factor", "POST /api/v1/authenticate", 200, func() *kit.Answer { return signIn(s.Anonymous(), "user@example.com", kit.Password) }},
		{"code", "POST /api/v1/authenticate", 200, func() *kit.Answer {
			s.Clock.Advance(step)
			waiting := pending(s.Anonymous().Post(authenticate, object{"username": "user@example.com", "password": digest}))
			return sendCode(s.Anonymous(), waiting, app.Code())
		}},
		{"application token", "POST /api/v1/authenticate", 200, func() *kit.Answer { return exchange(s.Anonymous(), made.Text) }},
		{"refresh token", "POST /api/v1/authenticate", 200, func() *kit.Answer { return refresh(s, session.RefreshToken) }},
		{"spent refresh token", "POST /api/v1/authenticate", 401, func() *kit.Answer { return refresh(s, reused.RefreshToken) }},
		{"start of a terminal", "POST /api/v1/authenticate/device", 200, func() *kit.Answer { return s.Anonymous().Post(terminalURL, nil) }},
		{"activation", "POST /api/v2/user/activation", 204, func() *kit.Answer {
			return s.Anonymous().Post("/api/v2/user/activation", object{"activationKey": key, "password": identity.WireDigest(better)})
		}},
		{"password reset", "POST /api/v1/user/password/reset", 204, func() *kit.Answer {
			return s.Anonymous().Post(resetURL, object{"username": "admin@example.com"})
		}},
	} {
		tested[test.pattern] = true
		for n := 1; n <= 4; n++ {
			cuts := proxy.Cuts()
			proxy.CutNth(n, pgproxy.AfterCommit)
			a := test.send()
			proxy.CutNth(1, pgproxy.Nowhere)
			if n > 1 && proxy.Cuts() == cuts || test.status == 204 && n > 2 {
				break
			}
			if a.Status != test.status {
				t.Errorf("%s, commit %d: %d %s", test.name, n, a.Status, a.Body)
			}
			if entries := auditOf(s, a); len(entries) != 1 {
				t.Errorf("%s, commit %d: audit entries %+v", test.name, n, entries)
			}
		}
	}
	for _, pattern := range publicWrites {
		if !tested[pattern] && pattern != "POST /api/v1/user/activation" { // another name of the one in v2
			t.Errorf("%s: add a case for it to this test", pattern)
		}
	}
	for pattern := range httpapi.Audited() {
		if _, known := heldWrites[pattern]; !known && !slices.Contains(publicWrites, pattern) {
			t.Errorf("%s is in neither table", pattern)
		}
	}
}
