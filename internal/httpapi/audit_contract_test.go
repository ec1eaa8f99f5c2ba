package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

const auditURL = "/api/v1/audit"

func auditList(c *kit.Client, query string) (list []api.AuditEntry) {
	c.T.Helper()
	c.Get(auditURL + query).Is(http.StatusOK).JSON(&list)
	return list
}

func actions(list []api.AuditEntry) (words []string) {
	for _, e := range list {
		words = append(words, e.Action+" "+e.Outcome)
	}
	return words
}

func TestContract_AuditScope(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		both, target, stranger, source := admin, s.As("target@example.com"), s.As("stranger@example.com"), s.As("root@example.com")
		moved := both.Post(migration, realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM))).Is(http.StatusOK)
		admin.Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent)
		wantCode(t, admin.Patch(simURL(kit.IssuedSIM), toStatus(0)), http.StatusBadRequest, 1000)
		for side, c := range map[string]*kit.Client{"the target": target, "the source": source} {
			list := auditList(c, "?q=action:sim.migrated")
			if len(list) != 1 || list[0].RequestID != moved.Header.Get("X-Request-Id") || list[0].Migration == nil || list[0].User.Name != "admin@example.com" ||
				list[0].Address != "127.0.0.1" || list[0].Subject == nil || list[0].Subject.ID != "251" {
				t.Errorf("in %s the migration is %+v", side, list)
			}
		}
		if list := auditList(target, "?q=action:sim.changed"); len(list) != 0 {
			t.Errorf("the target reads what was done in the source: %+v", list)
		}
		if got, want := actions(auditList(stranger, "")), []string{"user.signed_in done"}; !slices.Equal(got, want) {
			t.Errorf("the stranger reads %v", got)
		}
		for _, c := range []*kit.Client{s.Program(kit.FleetDE), s.As("observer@example.com"), s.As("user@example.com")} {
			refused := c.Get(auditURL)
			wantCode(t, refused, http.StatusForbidden, 1104)
			wantAudited(t, s, refused, fleet.AuditRead, fleet.Forbidden)
		}
		got := actions(auditList(admin, "?q=action:sim.changed&sort=id"))
		if want := []string{"sim.changed done", "sim.changed refused"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		for q, want := range map[string]int{
			"outcome:refused,action:sim.changed": 1, "user:1,action:sim.changed": 2, "error_code:1000": 1, "subject_type:sim,subject:251": 1,
			"migration:null,action:sim.migrated": 0, "address:192.0.2.1": 0, "application_token:null,action:sim.changed": 2, "actor:1,action:sim.changed": 2,
			"request_id:" + moved.Header.Get("X-Request-Id"): 1, "timestamp:2001-01-01": 0,
		} {
			if list := auditList(admin, "?q="+q); len(list) != want {
				t.Errorf("%s: %d entries, want %d", q, len(list), want)
			}
		}
		wantCode(t, admin.Get(auditURL+"?q=secret:1"), http.StatusUnprocessableEntity, 1301)
		page := admin.Get(auditURL + "?per_page=1&page=2&sort=-timestamp").Is(http.StatusOK)
		if page.Header.Get("X-Current-Page") != "2" || page.Header.Get("X-Count-Per-Page") != "1" {
			t.Errorf("the page is %v", page.Header)
		}
	})
}

func TestContract_AuditSignIn(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s := kit.StartFerry(t, e)
		for _, test := range []struct {
			username, password, subject, in string
			code                            fleet.Code
		}{
			{"target@example.com", kit.Password, "", "200", 0},
			{"target@example.com", wrong, "2", "200", fleet.BadCredentials},
			{"suspended@example.com", kit.Password, "6", "100", fleet.BadCredentials},
			{"nobody@example.com", kit.Password, "", "0", fleet.BadCredentials},
			{"stranger@example.com", wrong, "5", "900", fleet.BadCredentials},
			{"stranger@example.com", wrong, "5", "900", fleet.BadCredentials},
			{"stranger@example.com", wrong, "5", "900", fleet.BadCredentials},
			{"stranger@example.com", kit.Password, "5", "900", fleet.LockedOut},
		} {
			n := wantAudited(t, s, signIn(s.Anonymous(), test.username, test.password), fleet.AuditSignedIn, test.code)
			if n.subjectID != test.subject || n.in != test.in || n.det != `{"mode":"password"}` || (n.actor == 0) != (test.code != 0) {
				t.Errorf("%s: %+v", test.username, n)
			}
		}
	})
}

func TestContract_AuditRefusals(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		stale := previewed(admin, migrationTo(kit.FleetFR, kit.IssuedSIM))
		admin.Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent)
		for name, test := range map[string]struct {
			got  *kit.Answer
			code fleet.Code
		}{
			"dry run, not found":  {admin.Post(migration, migrationTo(kit.FleetFR, 77777)), fleet.NotFound},
			"real run, conflict":  {admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.AttachedSIM))), 1502},
			"kept under a key":    {keyed(admin, "kept", realRun(migrationTo(kit.FleetFR, kit.AttachedSIM))), 1502},
			"stale":               {ifMatch(admin, stale, migrationTo(kit.FleetFR, kit.IssuedSIM)), fleet.PreconditionStale},
			"an observer's write": {s.As("observer@example.com").Patch(simURL(kit.ActivatedSIM), toStatus(2)), fleet.Forbidden},
			"a program's run":     {s.Program(kit.FleetDE).Post(migration, migrationTo(kit.FleetFR, kit.ActivatedSIM)), fleet.Forbidden},
		} {
			if test.got.Status < 400 {
				t.Errorf("%s: %d", name, test.got.Status)
			}
			if n := auditOf(s, test.got); len(n) != 1 || n[0].code != int64(test.code) || n[0].in != "100" {
				t.Errorf("%s: %+v", name, n)
			}
		}
		for name, got := range map[string]*kit.Answer{
			"a dry run": admin.Post(migration, migrationTo(kit.FleetFR, kit.ActivatedSIM)), "a list": admin.Get("/api/v1/sim"), "an unknown SIM that is read": admin.Get(simURL(77777)),
			"nobody": s.Anonymous().Patch(simURL(kit.ActivatedSIM), toStatus(2)), "a replay": keyed(admin, "kept", realRun(migrationTo(kit.FleetFR, kit.AttachedSIM))),
		} {
			if n := auditOf(s, got); len(n) != 0 {
				t.Errorf("%s left %+v", name, n)
			}
		}
		s.Clock.Advance(time.Minute)
		for range 65 {
			admin.Patch(simURL(77777), toStatus(1)).Is(http.StatusNotFound)
		}
		if n := auditWhere(s, "action = 'sim.changed' AND code = 1201"); len(n) != 60 {
			t.Errorf("%d of 65 refusals were written, want 60", len(n))
		}
		s.Clock.Advance(time.Minute)
		if err := operator.New(s.Control).Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		n := auditWhere(s, "action = 'refusals.left_out'")
		if len(n) != 1 || n[0].det != `{"left_out":5}` || n[0].user != 1 || n[0].in != "100" {
			t.Errorf("a withheld entry was counted: %+v", n)
		}
		for range 62 {
			admin.Patch(simURL(77777), toStatus(1)).Is(http.StatusNotFound)
		}
		if err := operator.New(s.Control).LastFold(t.Context()); err != nil { // within the minute, because the server stops
			t.Fatal(err)
		}
		if n := auditWhere(s, `detail = '{"left_out":2}'`); len(n) != 1 {
			t.Errorf("a server that stops lists %+v", n)
		}
	})
}

// The refusal of a formerly valid bearer is logged under its user; an invalid one is not
// logged, whatever it claims.
func TestAuditRecordsEndedBearers(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, _ := startFerry(t, e)
		user, program := s.As("observer@example.com"), s.Program(kit.FleetDE)
		user.Get("/api/v1/sim").Is(http.StatusOK)
		program.Get("/api/v1/sim").Is(http.StatusOK)
		s.SetStatus(kit.ObserverID, fleet.UserSuspended)
		got := user.Get("/api/v1/sim").Is(http.StatusUnauthorized)
		if n := wantAudited(t, s, got, fleet.AuditBearerRefused, fleet.InvalidToken); n.user != 3 || n.in != "100" {
			t.Errorf("%+v", n)
		}
		s.Exec("UPDATE application_tokens SET status = 1")
		got = program.Get("/api/v1/sim").Is(http.StatusUnauthorized)
		if n := wantAudited(t, s, got, fleet.AuditBearerRefused, fleet.InvalidToken); n.token == 0 || n.in != "100" {
			t.Errorf("%+v", n)
		}
		for _, bearer := range []string{"x", strings.Repeat("a.", 2) + "b"} {
			got := s.Anonymous().With("Authorization", "Bearer "+bearer).Get("/api/v1/sim").Is(http.StatusUnauthorized)
			if n := auditOf(s, got); len(n) != 0 {
				t.Errorf("%q left %+v", bearer, n)
			}
		}
	})
}

// Repeated attempts from one address are logged once.
func TestAuditRecordsTheRateLimitOnce(t *testing.T) {
	s := kit.StartFerry(t, kit.SQLite)
	for i := range 105 {
		s.Anonymous().Post(authenticate, fmt.Sprintf(`{"refresh_token": "unknown %d"}`, i))
	}
	n := auditWhere(s, "action = 'address.rate_limited'")
	if len(n) != 1 || n[0].code != int64(fleet.TooManyRequests) || n[0].actor != 0 || n[0].in != "0" {
		t.Errorf("%+v", n)
	}
	if n := auditWhere(s, "code <> 0"); len(n) != 101 {
		t.Errorf("105 attempts left %d entries, want 100 and one", len(n))
	}
}
