package console_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/console"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/test/kit"
)

// lateForm is a form of which one byte is missing.
type lateForm struct {
	pattern string
	conn    net.Conn
	answer  *bufio.Reader
	last    byte
}

// late sends all but the last byte of a form. The server asks for the form once it has admitted the
// caller.
func (p *person) late(pattern, path string, form url.Values) *lateForm {
	p.t.Helper()
	req := p.request(http.MethodPost, path, nil)
	conn, err := new(net.Dialer).DialContext(p.t.Context(), "tcp", req.URL.Host)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	body, cookies := form.Encode(), ""
	for _, c := range p.http.Jar.Cookies(req.URL) {
		cookies += c.Name + "=" + c.Value + "; "
	}
	f := &lateForm{pattern, conn, bufio.NewReader(conn), body[len(body)-1]}
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		path, req.URL.Host, strings.TrimSuffix(cookies, "; "), len(body))
	if err != nil {
		p.t.Fatal(err)
	}
	line, err := f.answer.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		p.t.Fatalf("%s: %q %v", pattern, line, err)
	}
	if _, err := f.answer.ReadString('\n'); err != nil {
		p.t.Fatal(err)
	}
	if _, err := conn.Write([]byte(body[:len(body)-1])); err != nil {
		p.t.Fatal(err)
	}
	return f
}

// finish sends the last byte, and returns the response.
func (f *lateForm) finish(t *testing.T) answer {
	t.Helper()
	if _, err := f.conn.Write([]byte{f.last}); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(f.answer, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return answer{Response: res}
}

// lateFields are the fields of forms that would take effect. The others name things that do not
// exist, and would be a 404.
var lateFields = map[string][]string{
	"POST /sims/{id}/status": {"/sims/250/status", "status", "2"},
	"POST /people/invite":    {"/people/invite", "username", "late@example.com", "role", "3"},
	"POST /people/tokens":    {"/people/tokens", "description", "late"},
	"POST /me/name":          {"/me/name", "name", "Late"},
	"POST /settings":         {"/settings", "reason_required", "1"},
	"POST /move":             {"/move", "from", "paste", "iccids", kit.ICCID(kit.ActivatedSIM)},
	"POST /sims/status":      {"/sims/status", "sel", "251", "to", "nothing"}, // shows the SIMs again
}

// The last byte of a form comes after the caller has lost the permission, in each way: no form
// takes effect, and none shows a page.
func TestConsole_LateForms(t *testing.T) {
	for name, revoke := range map[string]func(*testing.T, *site){
		"user suspended": func(_ *testing.T, s *site) { s.SetStatus(kit.AdminID, fleet.UserSuspended) },
		"session ended":  func(_ *testing.T, s *site) { s.Exec("UPDATE refresh_tokens SET revoked_at = 1") },
		"membership suspended": func(_ *testing.T, s *site) {
			s.SetMember(kit.AdminID, kit.FleetDE, fleet.UserSuspended, fleet.Administrator)
		},
		"role taken":         func(_ *testing.T, s *site) { s.SetRole(kit.AdminID, kit.FleetDE, fleet.Observer) },
		"membership removed": func(_ *testing.T, s *site) { s.SetRole(kit.AdminID, kit.FleetDE, fleet.NoRole) },
		"session expired":    func(_ *testing.T, s *site) { s.Clock.Advance(control.ConsoleTTL) },
		"password changed": func(_ *testing.T, s *site) {
			s.As("admin@example.com").Patch("/api/v1/user/password", map[string]any{
				"old_password": identity.WireDigest(kit.Password), "new_password": identity.WireDigest("battery staple 9"),
			}).Is(http.StatusNoContent)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, console.Options{Gates: limit.NewGates(1000, 1000, 0)})
			p := s.as(t, "admin@example.com")
			var forms []*lateForm
			needs := make(map[string]identity.Permission)
			for _, rt := range console.Routes() {
				if method, path := filled(rt.Pattern); method == http.MethodPost && rt.Need != identity.Public && rt.Pattern != "POST /sign-out" {
					fields := lateFields[rt.Pattern]
					if fields == nil {
						fields = []string{path, "do", "x"}
					}
					form := url.Values{"once": {"0123456789abcdef" + fmt.Sprint(len(forms))}}
					for i := 1; i < len(fields); i += 2 {
						form.Set(fields[i], fields[i+1])
					}
					forms = append(forms, p.late(rt.Pattern, fields[0], form))
					needs[rt.Pattern] = rt.Need
				}
			}
			revoke(t, s)
			before := s.Dump()
			for _, f := range forms {
				res := f.finish(t)
				role := fleet.NoRole
				if name == "role taken" {
					role = fleet.Observer
				}
				out := strings.HasPrefix(res.Header.Get("Location"), "/sign-in")
				if name == "role taken" || name == "membership removed" {
					out = out || res.StatusCode == http.StatusForbidden || identity.RoleMay(role, needs[f.pattern])
				}
				if !out {
					t.Errorf("%s: status %d, to %q", f.pattern, res.StatusCode, res.Header.Get("Location"))
				}
			}
			if diff := before.Diff(s.Dump(), kit.Counters...); diff != "" && name != "role taken" && name != "membership removed" {
				t.Errorf("something changed (-before +after):\n%s", diff)
			}
		})
	}
}
