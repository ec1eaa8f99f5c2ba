package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/test/kit"
)

// What ends a session of the API ends one of the console, at the next request.
func TestConsole_SessionsEnd(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *site, *person){
		"sign out":           func(t *testing.T, _ *site, p *person) { p.post("/sign-out").leads(t, "/sign-in?done=out") },
		"suspension":         func(_ *testing.T, s *site, _ *person) { s.SetStatus(kit.PlainUserID, fleet.UserSuspended) },
		"expiry":             func(_ *testing.T, s *site, _ *person) { s.Clock.Advance(control.ConsoleTTL) },
		"no longer a member": func(_ *testing.T, s *site, _ *person) { s.SetRole(kit.PlainUserID, kit.FleetDE, fleet.NoRole) },
		"suspended in the ws": func(_ *testing.T, s *site, _ *person) {
			s.SetMember(kit.PlainUserID, kit.FleetDE, fleet.UserSuspended, fleet.Member)
		},
		"sign out everywhere, by API": func(_ *testing.T, s *site, _ *person) {
			s.As("user@example.com").Post("/api/v1/logout", map[string]any{"everywhere": true}).Is(http.StatusNoContent)
		},
		"new password": func(_ *testing.T, s *site, _ *person) {
			next := identity.WireDigest("quite another password")
			s.As("user@example.com").Patch("/api/v1/user/password", map[string]any{
				"old_password": identity.WireDigest(kit.Password), "new_password": next,
			}).Is(http.StatusNoContent)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, console.Options{})
			p := s.as(t, "user@example.com")
			p.get("/sims").is(t, http.StatusOK)
			end(t, s, p)
			a := p.get("/sims")
			forbidden := name == "no longer a member" && a.StatusCode == http.StatusForbidden
			if !forbidden && !strings.HasPrefix(a.Header.Get("Location"), "/sign-in") {
				t.Errorf("after it: status %d, to %q", a.StatusCode, a.Header.Get("Location"))
			}
		})
	}
}

// Sign out everywhere ends the sessions of other browsers and of the API.
func TestConsole_SignOutEverywhere(t *testing.T) {
	s := newSite(t, console.Options{})
	here, there, api := s.as(t, "admin@example.com"), s.as(t, "admin@example.com"), s.As("admin@example.com")
	here.post("/sign-out", "everywhere", "1").leads(t, "/sign-in?done=out")
	there.get("/sims").leads(t, "/sign-in?next=%2Fsims")
	api.Get("/api/v1/sim").Is(http.StatusUnauthorized)
}

// The console reads no Authorization, the API no cookie, and the secret of a cookie is not a
// refresh token, whatever is in front of it.
func TestConsole_CredentialsDoNotMix(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	stranger := s.person(t)
	req := stranger.request(http.MethodGet, "/sims", nil)
	req.Header.Set("Authorization", "Bearer "+s.As("admin@example.com").Token)
	stranger.send(req).leads(t, "/sign-in?next=%2Fsims")
	var secret string
	for _, c := range p.http.Jar.Cookies(req.URL) {
		secret = c.Value
		s.Anonymous().With("Cookie", c.Name+"="+c.Value).Get("/api/v1/sim").Is(http.StatusUnauthorized)
	}
	for _, text := range []string{secret, "console:" + secret} {
		s.Anonymous().Post("/api/v1/authenticate", map[string]string{"refresh_token": text}).Is(http.StatusUnauthorized)
	}
	p.get("/sims").is(t, http.StatusOK)
}

// The cookie has the prefix __Host- and Secure over TLS, and a plain name on loopback only.
func TestConsole_Cookies(t *testing.T) {
	s := newSite(t, console.Options{PublicURL: "https://sims.example.com/fleet"})
	p := s.person(t)
	a := p.post("/sign-in", "username", "admin@example.com", "password", kit.Password).leads(t, "/fleet/overview")
	c := a.Cookies()[0]
	if c.Name != "__Host-simferry-session" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("over TLS: %+v", c)
	}
	p = serveSite(t, s.Server, console.Options{}).person(t)
	c = p.post("/sign-in", "username", "admin@example.com", "password", kit.Password).leads(t, "/overview").Cookies()[0]
	if c.Name != "simferry-session" || c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("on loopback: %+v", c)
	}
	req := p.request(http.MethodPost, "/sign-in", map[string][]string{"username": {"admin@example.com"}, "password": {kit.Password}})
	req.Host = "sims.example.com"
	req.Header.Set("Origin", "http://sims.example.com")
	if a := p.send(req).has(t, "This page is not encrypted."); len(a.Cookies()) > 0 {
		t.Errorf("without TLS: %v", a.Cookies())
	}
}

// Every answer has the headers, and a form from another site is refused.
func TestConsole_Headers(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	for _, path := range []string{"/sims", simPage(kit.AttachedSIM), "/nothing", "/sign-in", "/sims/export"} {
		a := p.get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": console.Policy, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got, want)
			}
		}
		if a.Header.Get("X-Request-Id") == "" || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, a.Header)
		}
	}
	a := p.get("/nothing").is(t, http.StatusNotFound)
	a.has(t, a.Header.Get("X-Request-Id"))
	req := p.request(http.MethodPost, "/sign-out", map[string][]string{})
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	req.Header.Set("Origin", "https://evil.example")
	p.send(req).is(t, http.StatusForbidden).has(t, "This form came from another site")
	p.get("/sims").is(t, http.StatusOK)
}

// Static files are kept for a year under their hash; pages and files have the path of public_url.
func TestConsole_BasePath(t *testing.T) {
	s := newSite(t, console.Options{PublicURL: "https://sims.example.com/fleet"})
	p := s.person(t)
	for _, prefix := range []string{"", "/fleet"} {
		a := p.get(prefix+"/sign-in").is(t, http.StatusOK)
		a.has(t, `action="/fleet/sign-in"`, `href="/fleet/static/`)
		_, rest, _ := strings.Cut(a.Text, `rel="stylesheet" href="/fleet`)
		file, _, _ := strings.Cut(rest, `"`)
		css := p.get(prefix+file).is(t, http.StatusOK)
		if got := css.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("Cache-Control of %s: %q", file, got)
		}
	}
	p.get("/static/other/app.css").is(t, http.StatusOK)
	p.get("/static/other/none.css").is(t, http.StatusNotFound)
	p.get("/").leads(t, "/fleet/sign-in")
}

// A form that is sent twice takes effect once.
func TestConsole_SentTwice(t *testing.T) {
	s := newSite(t, console.Options{})
	p := s.as(t, "admin@example.com")
	key := p.get(simPage(kit.ActivatedSIM)).once(t)
	for range 2 {
		p.post(simPage(kit.ActivatedSIM)+"/status", "once", key, "status", "2").leads(t, simPage(kit.ActivatedSIM)+"?done=status")
	}
	p.get(simPage(kit.ActivatedSIM)+"?done=status").has(t, "The status is changed.", "1 event<")
	p.post(simPage(kit.ActivatedSIM)+"/status", "once", key, "status", "1").is(t, http.StatusUnprocessableEntity)
	p.post(simPage(kit.ActivatedSIM)+"/status", "status", "1").is(t, http.StatusUnprocessableEntity)
	p.post(simPage(kit.ActivatedSIM)+"/status", "once", p.get(simPage(kit.IssuedSIM)).once(t), "status", "0").is(t, http.StatusUnprocessableEntity).has(t, "cannot go from")
}

// Next leads to pages of the console only.
func TestConsole_NextIsLocal(t *testing.T) {
	s := newSite(t, console.Options{})
	for next, want := range map[string]string{
		simPage(kit.AttachedSIM): simPage(kit.AttachedSIM), "//evil.example": "/overview", "https://evil.example/": "/overview", "/\\evil.example": "/overview",
		"javascript:alert(1)": "/overview", "": "/overview", "/sign-in": "/overview", "evil": "/overview",
	} {
		s.person(t).post("/sign-in", "username", "admin@example.com", "password", kit.Password, "next", next).leads(t, want)
	}
}

// simPage returns the path of a SIM's page.
func simPage(sim int64) string { return fmt.Sprintf("/sims/%d", sim) }
