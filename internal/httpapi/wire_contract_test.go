package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/test/kit"
)

func TestContract_UnknownProperty(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		s.Untouched("an unknown property", func() {
			for _, test := range []struct{ method, path, body, names, known string }{
				{"POST", migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": false, "allowed_sim_status": [{"id": 1}]}`, kit.FleetFR, kit.IssuedSIM), "allowed_sim_status:", "allowed_sim_statuses"},
				{"POST", migration, fmt.Sprintf(`{"Target_Workspace": {"id": 200}, "sims": [{"id": %d}], "dry_run": false}`, kit.IssuedSIM), "Target_Workspace:", "target_workspace"},
				{"PATCH", simURL(kit.IssuedSIM), `{"status": {"id": 1}, "Status": {"id": 2}}`, "Status:", "status"},
				{"POST", authenticate, `{"username": "admin@example.com", "pasword": "x"}`, "pasword:", "password"},
				{"POST", authenticate + "/workspace", `{"target_organization": {"id": 200}}`, "target_organization:", "target_organisation"},
				{"POST", migration, `{"` + strings.Repeat("x", 5000) + `": 1}`, "xxx", "target_workspace"},
			} {
				got := wantCode(t, admin.Do(test.method, test.path, test.body), http.StatusBadRequest, 1000)
				if !strings.HasPrefix(got.Message, test.names) || !strings.Contains(got.Message, test.known) || len(got.Message) > 1000 {
					t.Errorf("%s: %s", test.body, got.Message)
				}
			}
		})
		admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d, "name": "x", "colour": {"a": [1]}}, "sims": [{"id": %d, "iccid": "1", "colour": null}]}`, kit.FleetFR, kit.IssuedSIM)).Is(http.StatusOK)
		admin.Post(authenticate+"/workspace", fmt.Sprintf(`{"target_organisation": {"id": %d, "country": {"id": 1}}}`, kit.FleetFR)).Is(http.StatusOK)
	})
}

func TestContract_DuplicateKey(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		s.Untouched("a duplicate key", func() {
			for _, test := range []struct{ method, path, body, names string }{
				{"POST", migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "dry_run": true, "dry_run": false}`, kit.FleetFR, kit.IssuedSIM), "dry_run: "},
				{"POST", migration, fmt.Sprintf(`{"target_workspace": {"id": %d, "id": 300}, "sims": [{"id": %d}], "dry_run": false}`, kit.FleetFR, kit.IssuedSIM), "target_workspace.id: "},
				{"POST", migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}, {"id": %d, "\u0069d": 253}], "dry_run": false}`, kit.FleetFR, kit.AttachedSIM, kit.IssuedSIM), "sims[1].id: "},
				{"PATCH", simURL(kit.IssuedSIM), `{"status": {"id": 1}, "model": {"a": {"b": 1, "b": 2}}}`, "model.a.b: "},
				{"POST", authenticate, `{"refresh_token": "a", "refresh_token": "b"}`, "refresh_token: "},
			} {
				got := wantCode(t, admin.Do(test.method, test.path, test.body), http.StatusBadRequest, 1000)
				if !strings.HasPrefix(got.Message, test.names) {
					t.Errorf("%s: %s", test.body, got.Message)
				}
			}
		})
	})
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestContract_LargeBody(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		const limit = 1 << 20
		for _, op := range []struct{ method, path, body string }{
			{"POST", migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}]}`, kit.FleetFR, kit.IssuedSIM)},
			{"PATCH", simURL(kit.IssuedSIM), `{"status": {"id": 0}}`},
			{"POST", authenticate + "/workspace", fmt.Sprintf(`{"target_organisation": {"id": %d}}`, kit.FleetFR)},
		} {
			fits := op.body + strings.Repeat(" ", limit-len(op.body))
			if got := admin.Do(op.method, op.path, fits); got.Status == http.StatusRequestEntityTooLarge {
				t.Errorf("%s: 1 MiB is too large", op.path)
			}
			wantCode(t, admin.Do(op.method, op.path, fits+" "), http.StatusRequestEntityTooLarge, 1000)
			gz := admin.With("Content-Encoding", "gzip")
			wantCode(t, gz.Do(op.method, op.path, zipped(t, []byte(fits+" "))), http.StatusRequestEntityTooLarge, 1000)
			if got := gz.Do(op.method, op.path, zipped(t, []byte(fits))); got.Status == http.StatusRequestEntityTooLarge {
				t.Errorf("%s: 1 MiB, packed, is too large", op.path)
			}
		}
		anonymous := `{"refresh_token": "x"}`
		wantCode(t, s.Anonymous().Post(authenticate, anonymous+strings.Repeat(" ", 8<<10)), http.StatusRequestEntityTooLarge, 1000)
		wantCode(t, s.Anonymous().With("Content-Encoding", "gzip").Post(authenticate, zipped(t, []byte(anonymous))), http.StatusBadRequest, 1000)
		bomb := admin.With("Content-Encoding", "gzip").Post(migration, zipped(t, make([]byte, 64<<20)))
		wantCode(t, bomb, http.StatusRequestEntityTooLarge, 1000)
	})
}

func TestContract_FlexibleID(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		want := admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": %d}], "auto_detach_devices": true}`, kit.FleetFR, kit.AttachedSIM)).Is(http.StatusOK)
		for _, id := range []string{"250.0", "250.000", "2.5e2", "25E1", "2500e-1"} {
			got := admin.Post(migration, `{"target_workspace": {"id": 2e2}, "sims": [{"id": `+id+`}], "auto_detach_devices": true}`).Is(http.StatusOK)
			if !bytes.Equal(got.Body, want.Body) {
				t.Errorf("%s: %s", id, got.Body)
			}
		}
		admin.Get("/api/v1/sim/250.0").Is(http.StatusOK)
		admin.Patch("/api/v1/sim/253.0", `{"status": {"id": 2.0}}`).Is(http.StatusNoContent)
		for _, id := range []string{"250.5", `"250"`, `"250.0"`, "true", "[250]", "{}", "null", "1e999", "9223372036854775808", "-"} {
			wantCode(t, admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": `, kit.FleetFR)+id+`}]}`), http.StatusBadRequest, 1000)
		}
		for _, id := range []string{"250.5", "%22250%22", "abc", "250.0.0", "9223372036854775808"} {
			wantCode(t, admin.Get("/api/v1/sim/"+id), http.StatusBadRequest, 1000)
		}
		// 2^53 + 1 is not exact as a float.
		for _, got := range []*kit.Answer{
			admin.Get("/api/v1/sim/9007199254740993"), admin.Get("/api/v1/sim/9007199254740993.0"),
			admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": 9007199254740993.0}]}`, kit.FleetFR)),
		} {
			wantCode(t, got, http.StatusNotFound, 1201)
			if !strings.Contains(string(got.Body), "9007199254740993") {
				t.Errorf("%s: %s", got.Request, got.Body)
			}
		}
	})
}

func TestContract_UnknownRoute(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		admin := kit.StartFerry(t, e).As("admin@example.com")
		for _, path := range []string{"/", "/api", "/api/v1", "/api/v1/sims", simURL(kit.AttachedSIM) + "/stats", "/api/v3/sim", "/API/v1/sim", "/favicon.ico"} {
			wantCode(t, admin.Get(path), http.StatusNotFound, 1201)
			wantCode(t, admin.Do("DELETE", path, nil), http.StatusNotFound, 1201)
		}
		for _, test := range []struct{ method, path, allow string }{
			{"PUT", simURL(kit.AttachedSIM), "GET PATCH DELETE"}, {"POST", "/api/v1/sim", "GET"}, {"GET", authenticate, "POST"}, {"PUT", migration, "POST"},
			{"OPTIONS", simURL(kit.AttachedSIM), "GET PATCH DELETE"}, {"BREW", "/api/v1/event", "GET"}, {"POST", "/healthz", "GET"}, {"TRACE", "/docs", "GET"},
		} {
			got := admin.Do(test.method, test.path, nil)
			wantCode(t, got, http.StatusMethodNotAllowed, 1000)
			if allow := strings.Join(strings.Split(got.Header.Get("Allow"), ", "), " "); allow != test.allow {
				t.Errorf("%s %s: Allow: %s, want %s", test.method, test.path, allow, test.allow)
			}
		}
	})
}

func TestContract_OwnErrors(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		// Every kind of error, over HTTP, encoded by the table of failures.
		for name, test := range map[string]struct {
			err         error
			status      int
			token, wait string
		}{
			"a body too large":  {fleet.Errorf(fleet.TooLarge, "too large"), http.StatusRequestEntityTooLarge, "BadRequest", ""},
			"a database away":   {fleet.Errorf(fleet.Unavailable, "away"), http.StatusServiceUnavailable, "Unavailable", "1"},
			"a database busy":   {&fleet.Error{Code: fleet.Unavailable, Message: "busy", RetryAfter: 1500 * time.Millisecond}, http.StatusServiceUnavailable, "Unavailable", "2"},
			"an internal error": {http.ErrBodyNotAllowed, http.StatusInternalServerError, "InternalError", ""},
			"an unknown code":   {http.ErrHandlerTimeout, http.StatusInternalServerError, "InternalError", ""},
		} {
			server := httptest.NewServer(httpapi.Wrap(discard, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { httpapi.Fail(w, r, test.err) })))
			s := &kit.Server{T: t, URL: server.URL, HTTP: server.Client()}
			got := s.Anonymous().Get("/")
			server.Close()
			if body := wantCode(t, got, test.status, 1000); body.ErrorToken != test.token || got.Header.Get("Retry-After") != test.wait {
				t.Errorf("%s: %+v, Retry-After %q", name, body, got.Header.Get("Retry-After"))
			}
		}
		// And with an unavailable database.
		s := kit.StartFerry(t, e)
		admin := s.As("admin@example.com")
		if err := s.Store.Close(); err != nil {
			t.Fatal(err)
		}
		for _, got := range []*kit.Answer{admin.Get("/api/v1/sim"), admin.Patch(simURL(kit.IssuedSIM), status(1)), signIn(s.Anonymous(), "admin@example.com", kit.Password), s.Anonymous().Post(authenticate, `{"refresh_token": "x"}`)} {
			if body := wantCode(t, got, got.Status, 1000); got.Status < 500 || strings.Contains(body.Message, "sql") || strings.Contains(body.Message, "pool") {
				t.Errorf("%s: %d %s", got.Request, got.Status, got.Body)
			}
		}
		got := s.Anonymous().Get("/readyz").Is(http.StatusServiceUnavailable)
		if got.Header.Get("Retry-After") != "1" || string(got.Body) != `{"status":"unavailable"}` {
			t.Errorf("readyz tells a stranger more than its state: %v %s", got.Header, got.Body)
		}
		op := s.StartOperatorAPI().Anonymous()
		op.Token = kit.OperatorToken
		if got := op.Get("/operator/v1/readyz").Is(http.StatusServiceUnavailable); !strings.Contains(string(got.Body), `"reason":"`) {
			t.Errorf("readyz does not tell the operator why: %s", got.Body)
		}
		s.Anonymous().Get("/healthz").Is(http.StatusOK)
	})
}
