package model_test

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/model"
)

var usernames = []string{
	"admin@example.com", "target@example.com", "observer@example.com", "user@example.com", "stranger@example.com", "suspended@example.com",
	"issuer@example.com", "root@example.com", "Admin@Example.COM", "nobody@example.com",
}

var addresses = []string{"192.0.2.1", "192.0.2.2", "2001:db8::1"}

func (p *pair) from() (string, map[string]string) {
	from := pick(p, addresses, "address")
	return from, map[string]string{"X-Forwarded-For": from}
}

const authenticate = "/api/v1/authenticate"

func (p *pair) signIn() {
	name := pick(p, usernames, "user")
	password := pick(p, []model.Password{model.Right, model.Right, model.Right, model.Wrong, model.Wrong, model.NoDigest}, "password")
	from, header := p.from()
	p.signInAs(name, password, from, header)
}

func (p *pair) signInAs(name string, password model.Password, from string, header map[string]string) {
	sent := map[model.Password]string{
		model.Right: identity.WireDigest(kit.Password), model.Wrong: identity.WireDigest("wrong"), model.NoDigest: kit.Password,
	}[password]
	body := fmt.Sprintf(`{"username":%q,"password":%q}`, name, sent)
	p.try("sign in", nobody, request{"POST", authenticate, body, header}, p.model.SignIn(name, password, from))
}

// guess tries several wrong passwords, until the account is locked, and then the right one.
func (p *pair) guess() {
	name := pick(p, usernames, "user")
	from, header := p.from()
	for range 2 + p.index(3, "guesses") {
		p.signInAs(name, model.Wrong, from, header)
	}
	p.signInAs(name, model.Right, from, header)
}

func (p *pair) signInWrongly() {
	from, header := p.from()
	body := pick(p, []string{
		"", "{}", `{"username":"admin@example.com"}`, `{"password":"x"}`, `{"refresh_token":"a","application_token":"b"}`, `{"fingerprint":"x"}`, `{"token":"x"}`, `[`,
	}, "body")
	p.try("sign in badly", nobody, request{"POST", authenticate, body, header}, p.model.BadSignIn(from))
}

// signInApplication sends each server its own token: they sign with different keys.
func (p *pair) signInApplication() {
	from, header := p.from()
	p.signInProgram(p.index(len(appWorkspaces), "application"), from, header)
}

func (p *pair) signInProgram(n int, from string, header map[string]string) {
	want := p.model.SignInApplication(int64(n+1), appWorkspaces[n], from)
	p.tryEach("application", nobody, request{"POST", authenticate, "", header}, want, func(s *side) string {
		return `{"application_token":` + strconv.Quote(templates[s.engine].appTokens[n]) + "}"
	})
}

func (p *pair) refresh() {
	if p.model.RefreshTokens() == 0 {
		return
	}
	bearer := p.index(p.model.RefreshTokens()+1, "refresh token") - 1
	if p.chance(2, "latest") {
		bearer = p.model.RefreshTokens() - 1
	}
	from, header := p.from()
	want := p.model.Refresh(bearer, from)
	p.tryEach("refresh", nobody, request{"POST", authenticate, "", header}, want, func(s *side) string {
		if bearer < 0 {
			return `{"refresh_token":"none"}`
		}
		return `{"refresh_token":` + strconv.Quote(s.refresh[bearer]) + "}"
	})
}

// tryEach does what try does, with a body that differs between the servers, because it holds a
// secret that one of them made.
func (p *pair) tryEach(operation string, bearer int, r request, want model.Answer, body func(*side) string) {
	bodies := map[string]string{}
	for _, s := range p.sides {
		bodies[s.server.URL] = body(s)
	}
	p.own = bodies
	defer func() { p.own = nil }()
	p.try(operation, bearer, r, want)
}

func (p *pair) switchWorkspace() {
	bearer, target := p.caller(), pick(p, workspaces, "target")
	malformed := p.chance(12, "malformed")
	body := fmt.Sprintf(`{"target_organisation":{"id":%d}}`, target)
	if malformed {
		body = pick(p, []string{"", "{}", `{"target_organisation":null}`, `{"target_organisation":{"id":"100"}}`, `{"target":{"id":100}}`}, "body")
	}
	p.try("switch", bearer, request{method: "POST", path: "/api/v1/authenticate/workspace", body: body}, p.model.Switch(bearer, target, malformed))
}

func (p *pair) logout() {
	bearer := p.caller()
	everywhere := p.chance(3, "everywhere")
	body := map[bool]string{false: "", true: `{"everywhere":true}`}[everywhere]
	malformed := p.chance(8, "malformed")
	if malformed {
		body = pick(p, []string{"[]", "null", `{"everywhere":1}`, `{"session":1}`}, "fault")
	}
	p.try("logout", bearer, request{method: "POST", path: "/api/v1/logout", body: body}, p.model.Logout(bearer, everywhere, malformed))
}

func (p *pair) memberships() {
	bearer := p.caller()
	p.try("memberships", bearer, request{method: "GET", path: "/api/v2/user/my/membership"}, p.model.Memberships(bearer))
}

// constants are lists that never change.
var constants = []string{
	"sim/status", "endpoint/status", "event/type", "country", "organisation/status", "user/role", "user/status",
}

func (p *pair) constant() {
	bearer := p.caller()
	p.try("constant", bearer, request{method: "GET", path: "/api/v1/" + pick(p, constants, "list")}, p.model.Constant(bearer))
}

func (p *pair) getSIM() {
	bearer := p.caller()
	id := p.known(bearer)
	p.try("get sim", bearer, request{method: "GET", path: fmt.Sprintf("/api/v1/sim/%d", id)}, p.model.GetSIM(bearer, id))
}

func (p *pair) listSIMs() {
	bearer := p.caller()
	q := p.query(map[string][]string{
		"id": {"250", "1003", "77", "x"}, "iccid": {"89883030000000002", "898830300000000100", "9"}, "iccid_with_luhn": {"89883030000000002501", "89883030000000002509"},
		"imsi": {"295050000000260", "1"}, "msisdn": {"423660000000270"}, "eid": {"1"}, "status": {"0", "1", "2", "3", "4", "x"}, "Status": {"1"},
		"endpoint": {"9001", "null", "9003", "-"}, "customer_org": {"100", "200", "300"}, "issuer_org": {"1", "900"}, "reseller_org": {"600", "null"}, "model": {"1", "2"},
		"production_date": {"2026-11-22", "2026-11-23", "2026-11-22T10:00:00Z", "yesterday"}, "colour": {"red"},
	})
	p.try("list sims", bearer, request{method: "GET", path: "/api/v1/sim" + q.text}, p.model.ListSIMs(bearer, q.Query))
}

var eventFilters = map[string][]string{
	"id": {"1", "2", "5", "x"}, "timestamp": {"2026-11-22", "2026-11-22T10:00:00Z", "2026-11-24", "now"}, "event_type": {"69", "9", "67", "50"},
	"event_source": {"2", "0"}, "event_severity": {"0", "1"}, "type": {"69", "8", "1001"}, "source": {"2", "1"}, "severity": {"0", "2"}, "sim": {"250", "null", "260"}, "endpoint": {"9001", "null"}, "user": {"1", "8", "null"}, "organisation": {"100", "1"}, "kind": {"1"},
	"from": {"2026-11-22", "2026-11-23", "soon"}, "until": {"2026-11-22T10:00:00Z", "2026-11-24"},
}

func (p *pair) listEvents() {
	bearer, q := p.caller(), p.query(eventFilters)
	p.try("list events", bearer, request{method: "GET", path: "/api/v1/event" + q.text}, p.model.ListEvents(bearer, nil, q.Query))
}

func (p *pair) simEvents() {
	bearer := p.caller()
	id, q := p.known(bearer), p.query(eventFilters)
	p.try("sim events", bearer, request{method: "GET", path: fmt.Sprintf("/api/v1/sim/%d/event%s", id, q.text)}, p.model.ListEvents(bearer, &id, q.Query))
}

func (p *pair) userEvents() {
	bearer, q := p.caller(), p.query(eventFilters)
	ref, user := "my", (*int64)(nil)
	if p.chance(2, "by id") {
		id := pick(p, []int64{1, 2, 4, 7, 8, 99, 0, -1}, "user")
		ref, user = strconv.FormatInt(id, 10), &id
	}
	p.try("user events", bearer, request{method: "GET", path: "/api/v1/user/" + ref + "/event" + q.text}, p.model.ListUserEvents(bearer, user, q.Query))
}

func (p *pair) listMigrations() {
	bearer := p.caller()
	q := p.query(map[string][]string{
		"id": {"2", "3", "9", "x"}, "timestamp": {"2026-11-22", "2026-11-25"}, "user": {"1", "2", "8"}, "target_workspace": {"100", "200", "300"}, "source": {"1"},
		"source_workspace": {"100", "200", "300", "999"}, "sim": {"250", "251", "252", "260", "270", "1000", "x"}, "reference": {"CHG-1", "CHG-2", "chg-1"},
		"iccid": {"8988303000000000250", "8988303000000000260", "898830300"}, "iccid_with_luhn": {"89883030000000002508", "89883030000000002501"},
		"from": {"2026-11-22", "2026-11-23"}, "until": {"2026-11-22T10:00:00Z", "2026-11-24"},
	})
	p.try("list migrations", bearer, request{method: "GET", path: "/api/v1/migration" + q.text}, p.model.ListMigrations(bearer, q.Query))
}

func (p *pair) getMigration() {
	bearer := p.caller()
	id := p.index(p.model.Entries()+2, "entry")
	p.try("get migration", bearer, request{method: "GET", path: fmt.Sprintf("/api/v1/migration/%d", id)}, p.model.GetMigration(bearer, int64(id)))
}

// asked is a query of the model and the text that is sent.
type asked struct {
	model.Query
	text string
}

// query draws filters, sorting and pages over some fields and values.
func (p *pair) query(fields map[string][]string) asked {
	names := sorted(fields)
	var q asked
	v := url.Values{}
	var terms []string
	for range p.index(3, "filters") {
		f := model.Filter{Field: pick(p, names, "field")}
		f.Values = some(p, fields[f.Field], 1, 2, "value")
		q.Filters = append(q.Filters, f)
		terms = append(terms, f.Field+":"+strings.Join(f.Values, "|"))
	}
	if len(terms) > 0 {
		v.Set("q", strings.Join(terms, ","))
	}
	for range p.index(3, "keys") {
		q.Sort = append(q.Sort, pick(p, []string{"", "-"}, "direction")+pick(p, names, "key"))
	}
	if len(q.Sort) > 0 {
		v.Set("sort", strings.Join(q.Sort, ","))
	}
	q.Page = pick(p, []int{0, 0, 1, 2, 3, -1, 1000}, "page")
	q.PerPage = pick(p, []int{3, 1, 5, 20, 2, 7, 4, -2, 0, 100000}, "per page")
	for name, n := range map[string]int{"page": q.Page, "per_page": q.PerPage} {
		if n != 0 {
			v.Set(name, strconv.Itoa(n))
		}
	}
	if p.chance(6, "cursor") {
		after := pick(p, []int64{2, 5, 9, 250, 260, 1000, 1200, 9001, 0, -1}, "after")
		q.After = &after
		v.Set("after", strconv.FormatInt(after, 10))
	}
	if len(v) > 0 {
		q.text = "?" + v.Encode()
	}
	return q
}

func (p *pair) pass() {
	d := pick(p, []time.Duration{time.Millisecond, time.Second, 1500 * time.Millisecond, time.Minute, 5 * time.Minute, 5*time.Minute + time.Second, time.Hour, 241 * time.Minute, 31 * 24 * time.Hour}, "time")
	p.t.Logf("%v pass", d)
	p.clock.Advance(d)
	p.model.Advance(d)
	if !p.chance(3, "offers not looked at") {
		p.tendOffers()
	}
	if d > time.Hour {
		p.signInAll()
	}
}

// signInAll signs in every user.
func (p *pair) signInAll() {
	for _, name := range usernames[:8] {
		p.signInAs(name, model.Right, addresses[0], map[string]string{"X-Forwarded-For": addresses[0]})
	}
	for n := range appWorkspaces {
		p.signInProgram(n, addresses[0], map[string]string{"X-Forwarded-For": addresses[0]})
	}
}

func (p *pair) setUserStatus() {
	id := int64(1 + p.index(8, "user"))
	status := fleet.UserActive
	if p.chance(3, "suspend") {
		status = fleet.UserSuspended
	}
	p.t.Logf("user %d becomes %v", id, status)
	p.both(func(ctx context.Context, tx *store.Tx) error { return tx.SetUserStatus(ctx, fleet.UserID(id), status) })
	p.model.SetUserStatus(id, int(status))
	p.probe(id)
}

func (p *pair) setMembership() {
	id, ws := int64(1+p.index(7, "user")), pick(p, workspaces[:9], "workspace")
	roles := pick(p, [][]fleet.Role{{1}, {1}, {2}, {3}, {2, 3}, {1, 2}, nil}, "roles")
	status := fleet.UserActive
	if p.chance(5, "suspended there") {
		status = fleet.UserSuspended
	}
	p.t.Logf("user %d has %v in %d, %v", id, roles, ws, status)
	p.both(func(ctx context.Context, tx *store.Tx) error {
		return tx.SetMembership(ctx, fleet.UserID(id), fleet.WorkspaceID(ws), status, roles)
	})
	var plain []int
	for _, r := range roles {
		plain = append(plain, int(r))
	}
	p.model.SetMembership(id, ws, status == fleet.UserSuspended, plain)
	p.probe(id)
}

// probe sends a request with an old bearer right after a change of rights, which must take effect
// immediately.
func (p *pair) probe(user int64) {
	if bearer := p.model.LastOf(user); bearer >= 0 {
		p.try("get sim", bearer, request{method: "GET", path: "/api/v1/sim/252"}, p.model.GetSIM(bearer, 252))
	}
}

// makeAdmin makes a user Administrator again, so that at least one user can move SIMs after
// setMembership.
func (p *pair) makeAdmin() {
	for _, ws := range []int64{100, 200, 300} {
		p.both(func(ctx context.Context, tx *store.Tx) error {
			return tx.SetMembership(ctx, 1, fleet.WorkspaceID(ws), fleet.UserActive, []fleet.Role{fleet.Administrator})
		})
		p.model.SetMembership(1, ws, false, []int{1})
	}
}

func (p *pair) endSessions() {
	id := int64(1 + p.index(8, "user"))
	p.t.Logf("sessions of user %d end", id)
	for _, s := range p.sides {
		if err := operator.New(s.server.Control).SetPassword(p.t.Context(), usernames[id-1], kit.Password); err != nil {
			p.t.Fatal(err)
		}
	}
	p.model.SetPassword(id)
	p.probe(id)
}

func (p *pair) suspendWorkspace() {
	id, shut := pick(p, []int64{100, 200, 300, 500}, "workspace"), p.chance(3, "shut")
	p.t.Logf("workspace %d shut: %v", id, shut)
	p.both(func(ctx context.Context, tx *store.Tx) error {
		found, err := tx.Workspaces(ctx, []fleet.WorkspaceID{fleet.WorkspaceID(id)})
		if err != nil {
			return err
		}
		w := found[fleet.WorkspaceID(id)]
		if w.Status = fleet.WorkspaceEnabled; shut {
			w.Status = fleet.WorkspaceSuspended
		}
		return tx.PutWorkspace(ctx, w)
	})
	p.model.SuspendWorkspace(id, shut)
}
