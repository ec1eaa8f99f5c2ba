package httpapi_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit"
)

// heldWrite is a write that succeeds if its caller keeps the permissions: an Administrator of
// 100 and 200, or, for operations that allow it, an application token of 100.
type heldWrite struct {
	tag        string // If-Match
	path, body string // {key} is the victim's second factor, {device} a trusted one, {token} an application token
	own        bool   // needs no role
	program    bool   // an application token may do it
}

// heldWrites has a row for every write that needs a bearer.
var heldWrites = map[string]heldWrite{
	"POST /api/v1/authenticate/workspace": {body: fmt.Sprintf(`{"target_organisation": {"id": %d}}`, kit.FleetFR), own: true},
	"POST /api/v1/logout":                 {body: `{"everywhere": true}`, own: true},
	"PATCH /api/v1/user/password": {own: true, body: `{"old_password": "` + identity.WireDigest(kit.Password) +
		`", "new_password": "` + identity.WireDigest("battery staple 9") + `"}`},
	"POST /api/v1/user/mfa":                                          {body: `{"type": {"id": 0}, "password": "` + identity.WireDigest(kit.Password) + `"}`, own: true},
	"PATCH /api/v1/user/mfa/{key_id}":                                {path: "/api/v1/user/mfa/{key}", body: `{"status": {"id": 1}, "code": "{code}"}`, own: true},
	"DELETE /api/v1/user/{user_id}/mfa/{key_id}":                     {path: "/api/v1/user/my/mfa/{key}", own: true},
	"DELETE /api/v1/user/{user_id}/mfa/trusted_device/{device_id}":   {path: "/api/v1/user/my/mfa/trusted_device/{device}", own: true},
	"PUT /api/v2/user/{user_id}/default_organisation/{workspace_id}": {path: fmt.Sprintf("/api/v2/user/my/default_organisation/%d", kit.FleetFR), own: true},

	"POST /api/v1/application_token":             {body: `{"description": "billing"}`},
	"PATCH /api/v1/application_token/{token_id}": {path: "/api/v1/application_token/{token}", body: `{"description": "other"}`},

	"PATCH /api/v1/sim/{sim_id}":                 {path: simURL(kit.IssuedSIM), body: `{"status": {"id": 1}}`, program: true},
	"DELETE /api/v1/sim/{sim_id}":                {path: simURL(kit.SuspendedSIM), program: true},
	"DELETE /api/v1/sim/multi":                   {body: `[{"id": 1000}, {"id": 1001}]`, program: true},
	"POST /api/v1/sim/migration/workspace":       {body: fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": 1002}], "dry_run": false}`, kit.FleetFR)},
	"POST /api/v1/migration/{migration_id}/undo": {path: "/api/v1/migration/{entry}/undo", body: `{"dry_run": false}`},
	"POST /api/v1/migration_job":                 {body: fmt.Sprintf(`{"target_workspace": {"id": %d}, "select": {"sims": [{"id": 1003}]}}`, kit.FleetDE)},
	"POST /api/v1/sim_status_job":                {body: `{"status": {"id": 1}, "select": {"sims": [{"id": 1003}]}}`},
	// The victim made these jobs.
	"POST /api/v1/migration_job/{job_id}/start":         {path: "/api/v1/migration_job/{planned}/start", tag: "{tag}", own: true},
	"POST /api/v1/migration_job/{job_id}/pause":         {path: "/api/v1/migration_job/{waiting}/pause", own: true},
	"POST /api/v1/migration_job/{job_id}/resume":        {path: "/api/v1/migration_job/{paused}/resume", own: true},
	"POST /api/v1/migration_job/{job_id}/cancel":        {path: "/api/v1/migration_job/{open}/cancel", own: true},
	"POST /api/v1/migration_job/{job_id}/approve":       {path: "/api/v1/migration_job/{held}/approve", tag: "{heldtag}", own: true},
	"POST /api/v1/migration_job/{job_id}/reject":        {path: "/api/v1/migration_job/{held2}/reject", own: true},
	"POST /api/v1/migration_job/{job_id}/retry":         {path: "/api/v1/migration_job/{ended}/retry", own: true},
	"POST /api/v1/migration_job/{job_id}/undo":          {path: "/api/v1/migration_job/{ended}/undo", own: true},
	"PATCH /api/v1/sim_batch/bic/{bic}":                 {path: batchURL + "1234567890123456", body: `{"id": 1}`, program: true},
	"POST /api/v1/endpoint":                             {body: newDevice, program: true},
	"PATCH /api/v1/endpoint/{endpoint_id}":              {path: deviceURL(kit.DeviceWithSIM), body: `{"name": "renamed", "sim": {"id": null}}`, program: true},
	"DELETE /api/v1/endpoint/{endpoint_id}":             {path: deviceURL(kit.EmptyDevice), program: true},
	"POST /api/v2/endpoint/multi":                       {body: "[" + newDevice + "]", program: true},
	"PATCH /api/v1/endpoint/{endpoint_id}/connectivity": {path: deviceURL(kit.DeviceWithSIM) + "/connectivity", body: `{"location": null}`, program: true},
	"PATCH /api/v2/endpoint/multi":                      {body: `[{"id": 9003, "name": "other"}]`, program: true},
	"DELETE /api/v2/endpoint/multi":                     {body: `[{"id": 9004}]`, program: true},

	"POST /api/v1/receiving_code":                    {body: `{"description": "x"}`},
	"DELETE /api/v1/receiving_code/{code_id}":        {path: "/api/v1/receiving_code/{receiving}"},
	"POST /api/v1/migration_offer":                   {body: `{"receiving_code": "{code of FR}", "select": {"sims": [{"id": 1006}]}, "dry_run": false}`},
	"POST /api/v1/migration_offer/{offer_id}/accept": {path: "/api/v1/migration_offer/{accepted}/accept", body: `{"dry_run": false}`},
	"POST /api/v1/migration_offer/{offer_id}/refuse": {path: "/api/v1/migration_offer/{refused}/refuse"},
	"POST /api/v1/migration_offer/{offer_id}/cancel": {path: "/api/v1/migration_offer/{cancelled}/cancel"},

	"POST /api/v1/migration_request":                       {body: `{"iccids": ["8988303000000000999"]}`},
	"POST /api/v1/migration_request/{request_id}/withdraw": {path: "/api/v1/migration_request/{asked}/withdraw"},
	"POST /api/v1/migration_inquiry/{inquiry_id}/decline":  {path: "/api/v1/migration_inquiry/{declined}/decline"},
	"POST /api/v1/migration_inquiry/{inquiry_id}/offer":    {path: "/api/v1/migration_inquiry/{inquired}/offer", body: `{"dry_run": false}`},

	"PATCH /api/v1/organisation/my/setting": {body: `{"reason_required": false}`}, // true would refuse the other rows

	"PUT /api/v1/migration_rule": {body: `{"rules": []}`},

	"POST /api/v1/user":                                                     {body: `{"username": "new1@example.com"}`},
	"POST /api/v2/user/invitation":                                          {body: `{"username": "new2@example.com"}`},
	"PATCH /api/v1/user/{user_id}":                                          {path: "/api/v1/user/60", body: `{"status": {"id": 2}}`},
	"DELETE /api/v1/user/{user_id}":                                         {path: "/api/v1/user/61"},
	"PUT /api/v1/user/{user_id}/role/{role_id}":                             {path: "/api/v1/user/62/role/1"},
	"DELETE /api/v1/user/{user_id}/role/{role_id}":                          {path: "/api/v1/user/66/role/2"},
	"PATCH /api/v2/user/{user_id}/workspace/{workspace_id}":                 {path: fmt.Sprintf("/api/v2/user/63/workspace/%d", kit.FleetDE), body: `{"status": {"id": 2}}`},
	"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}":                {path: fmt.Sprintf("/api/v2/user/64/workspace/%d", kit.FleetDE)},
	"PUT /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}":    {path: fmt.Sprintf("/api/v2/user/65/workspace/%d/role/3", kit.FleetDE)},
	"DELETE /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}": {path: fmt.Sprintf("/api/v2/user/67/workspace/%d/role/2", kit.FleetDE)},
}

// heldWorld has a separate resource for each row.
func heldWorld(t *testing.T, e kit.Engine) *kit.Server {
	t.Helper()
	s := kit.StartFerry(t, e)
	createHeldThings(s)
	return s
}

func createHeldThings(s *kit.Server) {
	s.T.Helper()
	seed := "devices:\n  - {id: 9003, workspace: 100, name: third, status: enabled}\n  - {id: 9004, workspace: 100, name: fourth, status: enabled}\nusers:\n"
	for id := 60; id < 68; id++ {
		seed += fmt.Sprintf("  - {id: %d, username: m%d@example.com, name: M, password: correct horse, default_workspace: 100, roles: {100: user}}\n", id, id)
	}
	s.Seed(seed)
	for _, id := range []fleet.UserID{66, 67} { // whose role User is taken
		s.SetMember(id, kit.FleetDE, fleet.UserActive, fleet.Member, fleet.Observer)
	}
	sims := "id,iccid,workspace,issuer,bic,status\n5001,8988303000000005001,1,1,1234567890123456,issued\n"
	for id := firstOffered; id < firstHeld+1000; id++ {
		sims += fmt.Sprintf("%d,898830300000%07d,100,1,,issued\n", id, id)
	}
	_, err := s.Import(sims)
	mustNot(s.T, err)
}

// Each victim has four SIMs for offers and two for jobs that wait for approval, from here on.
const firstOffered, firstHeld = 10_000, 12_000

// publicWrites are the writes without a bearer.
var publicWrites = []string{"POST /api/v1/authenticate", "POST /api/v1/authenticate/device", "POST /api/v1/user/activation", "POST /api/v2/user/activation", "POST /api/v1/user/password/reset"}

func TestEveryWriteIsHeld(t *testing.T) {
	for _, r := range httpapi.Routes() {
		_, known := heldWrites[r.Pattern]
		writes := !strings.HasPrefix(r.Pattern, "GET ") && !slices.Contains(publicWrites, r.Pattern)
		if known != writes {
			t.Errorf("%s: in heldWrites: %v; a write has a row there, to see that its caller is asked for again", r.Pattern, known)
		}
	}
}

// revocation is a way to lose permissions during a request.
type revocation struct {
	name   string
	role   bool // revokes the permissions in Workspace 100 only
	token  bool // is that of a program
	revoke func(s *kit.Server, v victim)
}

var revocations = []revocation{
	{name: "user suspended", revoke: func(s *kit.Server, v victim) {
		suspended := fleet.UserSuspended
		_, err := operator.New(s.Control).ChangeUser(s.T.Context(), v.name, operator.UserPatch{Status: &suspended})
		mustNot(s.T, err)
	}},
	{name: "role taken", role: true, revoke: func(s *kit.Server, v victim) { s.SetRole(v.id, kit.FleetDE, fleet.Observer) }},
	{name: "membership removed", role: true, revoke: func(s *kit.Server, v victim) { s.SetRole(v.id, kit.FleetDE, fleet.NoRole) }},
	{name: "membership suspended", revoke: func(s *kit.Server, v victim) {
		s.SetMember(v.id, kit.FleetDE, fleet.UserSuspended, fleet.Administrator)
	}},
	{name: "user deleted", revoke: func(s *kit.Server, v victim) {
		for _, ws := range []int{kit.FleetFR, kit.FleetDE} { // with the last membership
			s.As("admin@example.com").Do(http.MethodDelete, fmt.Sprintf("/api/v2/user/%d/workspace/%d", v.id, ws), nil).Is(http.StatusNoContent)
		}
	}},
	{name: "password changed", revoke: func(s *kit.Server, v victim) {
		mustNot(s.T, operator.New(s.Control).SetPassword(s.T.Context(), v.name, "battery staple 9"))
	}},
	{name: "session ended", revoke: func(_ *kit.Server, v victim) { logout(v.client, nil).Is(http.StatusNoContent) }},
	{name: "key removed", token: true, revoke: func(s *kit.Server, v victim) { revoke(s, v.token.ID) }},
	{name: "key expired", token: true, revoke: func(s *kit.Server, v victim) {
		s.Exec(fmt.Sprintf("UPDATE application_tokens SET expires_at = 1 WHERE id = %d", v.token.ID))
	}},
	{name: "key bound to another address", token: true, revoke: func(s *kit.Server, v victim) {
		s.Exec(fmt.Sprintf("UPDATE application_tokens SET cidr = '10.0.0.0/8' WHERE id = %d", v.token.ID))
	}},
}

func mustNot(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// victim is the caller who loses permissions.
type victim struct {
	id     fleet.UserID
	name   string
	client *kit.Client
	token  control.CreatedToken
	known  *strings.Replacer
}

// newVictim creates an Administrator of 100 and 200 with everything that the rows need, or an
// application token.
func newVictim(s *kit.Server, n int, program bool) victim {
	s.T.Helper()
	v := victim{id: fleet.UserID(100 + n), name: fmt.Sprintf("victim%d@example.com", n)}
	if program {
		v.token = newApplicationToken(s, control.NewToken{})
		v.client = application(s, v.token)
		return v
	}
	s.Seed(fmt.Sprintf(`
users:
  - {id: %d, username: %s, name: Victim, password: correct horse, default_workspace: 100, roles: {100: administrator, 200: administrator}}
`, v.id, v.name))
	v.client = s.As(v.name)
	key, app := v.client.NewFactor()
	device := s.TrustDevice(v.id)
	v.known = strings.NewReplacer(append(append(heldJobs(s, v.client), heldOffers(s, int64(n))...), "{key}", fmt.Sprint(key.ID), "{code}", app.Code(), "{device}", fmt.Sprint(device), "{token}", newToken(s.As("admin@example.com")),
		"{entry}", entryOf(s.As("admin@example.com").Post(migration, realRun(migrationTo(kit.FleetFR, 1100+int64(n))))))...)
	return v
}

// victims makes the callers of a test in which nothing is revoked.
type victims struct {
	server *kit.Server
	made   int
	member *victim // of the rows that need a role
}

// forRow returns the caller of a row. The rows that need a role share one, because each has a
// resource of its own. The others change their caller, so each gets a new one.
func (vs *victims) forRow(pattern string) victim {
	vs.server.T.Helper()
	own := heldWrites[pattern].own
	if !own && vs.member != nil {
		return *vs.member
	}
	v := newVictim(vs.server, vs.made, false)
	vs.made++
	if own { // it does not need its requests, and a Workspace can have few
		vs.server.Exec("UPDATE sim_requests SET expires_at = created_at WHERE id > (SELECT max(id) - 3 FROM sim_requests)")
	}
	if !own {
		vs.member = &v
	}
	return v
}

// heldOffers makes an offer for each answer to one: two to FleetDE and one of it. It also makes
// receiving codes of both Workspaces.
func heldOffers(s *kit.Server, n int64) (known []string) {
	s.T.Helper()
	code := func(c *kit.Client) (id, text string) {
		var made api.ReceivingCode
		c.Post(receivingCodes, object{}).Is(http.StatusCreated).JSON(&made)
		return fmt.Sprint(made.ID), made.Code
	}
	giver := s.As("admin@example.com")
	receiver := giver.In(kit.FleetFR)
	offer := func(from, to *kit.Client, sim int64) string {
		_, text := code(to)
		path := from.Post(offers, offering(text, sim)).Is(http.StatusCreated).Header.Get("Location")
		return strings.TrimPrefix(path, offers+"/")
	}
	first := firstOffered + 4*n
	giver.Post(migration, realRun(migrationTo(kit.FleetFR, first, first+1))).Is(http.StatusOK)
	own, _ := code(giver)
	_, foreign := code(receiver)
	return []string{
		"{receiving}", own, "{code of FR}", foreign, "{accepted}", offer(receiver, giver, first), "{refused}", offer(receiver, giver, first+1),
		"{cancelled}", offer(giver, receiver, first+2),
		"{asked}", heldRequest(s, giver, first), "{declined}", heldRequest(s, receiver, first+3), "{inquired}", heldRequest(s, receiver, first+3),
	}
}

// heldRequest makes a request for a SIM without regard to the limits, and returns its id.
func heldRequest(s *kit.Server, asker *kit.Client, sim int64) string {
	s.T.Helper()
	s.Exec("DELETE FROM auth_counters WHERE kind = 'sim requests'")
	if len(s.Rows("SELECT id FROM sim_requests WHERE expires_at > created_at")) > 24 {
		s.Exec("UPDATE sim_requests SET expires_at = created_at WHERE id < (SELECT max(id) - 10 FROM sim_requests)")
	}
	path := asker.Post(simRequests, object{"iccids": []string{fmt.Sprintf("898830300000%07d", sim)}}).Is(http.StatusCreated).Header.Get("Location")
	mustNot(s.T, s.Control.TendSIMRequests(s.T.Context()))
	return strings.TrimPrefix(path, simRequests+"/")
}

// heldJobs makes a job in each state from which a write leads, and returns their paths.
func heldJobs(s *kit.Server, c *kit.Client) (known []string) {
	s.T.Helper()
	made := func(name string, body object) string {
		path := c.Post(migrationJobs, body).Is(http.StatusCreated).Header.Get("Location")
		known = append(known, "{"+name+"}", strings.TrimPrefix(path, migrationJobs+"/"))
		return path
	}
	to := func(id int64) object { return plus(selecting(id), "target_workspace", object{"id": kit.FleetFR}) }
	later := plus(withAuto(to(1005)), "not_before", "2030-01-01T00:00:00Z")
	planned := made("planned", to(1004))
	made("open", to(1004))
	made("waiting", later)
	paused, ended := made("paused", later), made("ended", later)
	s.RunJobs()
	c.Post(paused+"/pause", "").Is(http.StatusOK)
	c.Post(ended+"/cancel", "").Is(http.StatusOK)
	holdJobs(s)
	defer releaseJobs(s)
	other := s.As("admin@example.com") // users cannot approve their own jobs
	for _, name := range []string{"held", "held2"} {
		free := firstHeld + int64(len(s.Rows("SELECT id FROM jobs WHERE user_id = 1"))) // earlier victims move theirs
		path := other.Post(migrationJobs, withAuto(to(free))).Is(http.StatusCreated).Header.Get("Location")
		known = append(known, "{"+name+"}", strings.TrimPrefix(path, migrationJobs+"/"))
		s.RunJobs()
		known = append(known, "{"+name+"tag}", other.Get(path).Header.Get("ETag"))
	}
	return append(known, "{tag}", c.Get(planned).Header.Get("ETag"))
}

// request builds the victim's request of a row.
func (v victim) request(t testing.TB, url, pattern string) *http.Request {
	t.Helper()
	row := heldWrites[pattern]
	method, path, _ := strings.Cut(pattern, " ")
	if row.path != "" {
		path = row.path
	}
	body, tag := row.body, row.tag
	if v.known != nil {
		path, body, tag = v.known.Replace(path), v.known.Replace(body), v.known.Replace(tag)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
	mustNot(t, err)
	r.Header.Set("Authorization", "Bearer "+v.client.Token)
	r.Header.Set("Idempotency-Key", "held")
	if tag != "" {
		r.Header.Set("If-Match", tag)
	}
	return r
}

// heldServer starts another server on the database of s, whose operations wait for the gate.
type heldServer struct {
	*kit.Server
	url    string
	client *http.Client
	mu     sync.Mutex
	gate   chan struct{} // closed when the operations may continue
	inside sync.WaitGroup
}

func newHeldServer(s *kit.Server) *heldServer {
	h := &heldServer{Server: s}
	server := httptest.NewServer(httpapi.NewHeld(s.Control, httpx.Options{
		Log: slog.New(slog.DiscardHandler), Limits: httpx.Limits{PerCaller: 1000}, // all of them are held at once
	}, func(*http.Request) {
		h.mu.Lock()
		gate := h.gate
		h.mu.Unlock()
		if gate == nil {
			return
		}
		h.inside.Done()
		<-gate
	}))
	s.T.Cleanup(server.Close)
	h.url = server.URL
	h.client = &http.Client{Transport: contract.New(s.T).RoundTripper(server.Client().Transport)}
	return h
}

// during sends requests, waits until all callers are admitted, calls a function, and lets the
// requests continue.
func (h *heldServer) during(requests []*http.Request, do func()) (statuses []int, bodies []string) {
	h.T.Helper()
	h.mu.Lock()
	h.gate = make(chan struct{})
	h.mu.Unlock()
	h.inside.Add(len(requests))
	statuses, bodies = make([]int, len(requests)), make([]string, len(requests))
	var done sync.WaitGroup
	for i, r := range requests {
		done.Go(func() {
			resp, err := h.client.Do(r)
			if err != nil {
				h.T.Error(err)
				return
			}
			defer func() { _ = resp.Body.Close() }()
			text, _ := io.ReadAll(resp.Body)
			statuses[i], bodies[i] = resp.StatusCode, string(text)
		})
	}
	h.inside.Wait()
	do()
	h.mu.Lock()
	close(h.gate)
	h.gate = nil
	h.mu.Unlock()
	done.Wait()
	return statuses, bodies
}

// Permissions are checked in the transaction of the write: a caller who loses them during the
// request is refused, nothing changes, and no response is stored.
func TestRightsAreCheckedInTheTransaction(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := heldWorld(t, e)
		h := newHeldServer(s)
		for n, way := range revocations {
			t.Run(strings.ReplaceAll(way.name, " ", "-"), func(t *testing.T) {
				v := newVictim(s, n, way.token)
				patterns := held(way)
				requests := make([]*http.Request, len(patterns))
				for i, pattern := range patterns {
					requests[i] = v.request(t, h.url, pattern)
					if way.role && pattern == "POST "+migration { // what the rules refuse is kept under a key
						requests[i].Header.Del("Idempotency-Key")
					}
				}
				var before kit.Dump
				audited := 0
				statuses, bodies := h.during(requests, func() {
					way.revoke(s, v)
					before, audited = s.Dump(), len(auditWhere(s, "code <> 0"))
				})
				for i, pattern := range patterns {
					refused := statuses[i] == http.StatusUnauthorized
					if way.role {
						refused = slices.Contains([]int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict}, statuses[i])
					}
					if !refused {
						t.Errorf("%s: %d %s", pattern, statuses[i], bodies[i])
					}
				}
				if diff := before.Diff(s.Dump(), "audit", "audit_places", "auth_counters"); diff != "" {
					t.Errorf("something changed (-before +after):\n%s", diff)
				}
				entries := auditWhere(s, "code <> 0")[audited:]
				if len(entries) != len(patterns) {
					t.Errorf("%d refusals left %d entries", len(patterns), len(entries))
				}
				for _, n := range entries {
					if ended := n.action == string(fleet.AuditBearerRefused); ended == way.role {
						t.Errorf("a refusal left %+v", n)
					}
				}
			})
		}
	})
}

// held returns the operations affected by a revocation.
func held(way revocation) (patterns []string) {
	for pattern, row := range heldWrites {
		if way.token && !row.program || way.role && row.own {
			continue
		}
		patterns = append(patterns, pattern)
	}
	slices.Sort(patterns)
	return patterns
}

// The requests of the rows succeed, so that a refusal above has only one reason. On PostgreSQL,
// TestLostCommitOfEveryWrite sends the same requests.
func TestUnrevokedWritesSucceed(t *testing.T) {
	s := heldWorld(t, kit.SQLite)
	h := newHeldServer(s)
	all := victims{server: s}
	for n, pattern := range held(revocation{}) {
		r := all.forRow(pattern).request(t, h.url, pattern)
		r.Header.Set("Idempotency-Key", fmt.Sprintf("held-%d", n)) // two paths of one operation share its keys
		resp, err := h.client.Do(r)
		mustNot(t, err)
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode >= http.StatusBadRequest {
			t.Errorf("%s: %d %s", pattern, resp.StatusCode, text)
		}
	}
}

// The last byte of a body comes after the user was suspended. Bodies are read before the database
// is asked, so one engine is enough; TestRightsAreCheckedInTheTransaction has both.
func TestLateBodies(t *testing.T) {
	s := heldWorld(t, kit.SQLite)
	n := 0
	for _, pattern := range held(revocation{}) {
		if heldWrites[pattern].body == "" {
			continue
		}
		v := newVictim(s, n, false) // a server holds few requests of one caller at a time
		n++
		late := sendLate(t, v.request(t, s.URL, pattern), pattern)
		s.SetStatus(v.id, fleet.UserSuspended)
		before := s.Dump()
		late.finish(t)
		if diff := before.Diff(s.Dump(), "audit", "audit_places", "auth_counters"); diff != "" {
			t.Errorf("%s: something changed (-before +after):\n%s", pattern, diff)
		}
	}
}

// The same for the dry runs, which show SIMs.
func TestLateDryRuns(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := heldWorld(t, e)
		for n, way := range revocations {
			if way.token {
				continue
			}
			v := newVictim(s, n, false)
			var unfinished []*late
			for path, body := range map[string]string{
				migration: fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": 1002}], "dry_run": true}`, kit.FleetFR),
				v.known.Replace("/api/v1/migration/{entry}/undo"): `{"dry_run": true}`,
			} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
				mustNot(t, err)
				r.Header.Set("Authorization", "Bearer "+v.client.Token)
				unfinished = append(unfinished, sendLate(t, r, path))
			}
			way.revoke(s, v)
			for _, l := range unfinished {
				status, text := l.end(t)
				if status != http.StatusUnauthorized && (!way.role || status != http.StatusForbidden && status != http.StatusConflict && status != http.StatusNotFound) {
					t.Errorf("%s, %s: %d %s", way.name, l.pattern, status, text)
				}
			}
		}
	})
}

// late is a request of which one byte is missing.
type late struct {
	pattern string
	conn    net.Conn
	answer  *bufio.Reader
	last    []byte
}

// sendLate sends all but the last byte. The server asks for the body once it has admitted the
// caller, or, for a migration, before that.
func sendLate(t *testing.T, r *http.Request, pattern string) *late {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.URL.Host)
	mustNot(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	body, err := io.ReadAll(r.Body)
	mustNot(t, err)
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n", r.Method, r.URL.Path, r.URL.Host, len(body))
	mustNot(t, r.Header.Write(&head))
	head.WriteString("\r\n")
	_, err = conn.Write(head.Bytes())
	mustNot(t, err)
	answer := bufio.NewReader(conn)
	line, err := answer.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("%s: %q %v", pattern, line, err)
	}
	_, err = answer.ReadString('\n')
	mustNot(t, err)
	_, err = conn.Write(body[:len(body)-1])
	mustNot(t, err)
	return &late{pattern, conn, answer, body[len(body)-1:]}
}

func (l *late) finish(t *testing.T) {
	t.Helper()
	if status, text := l.end(t); status != http.StatusUnauthorized {
		t.Errorf("%s: %d %s", l.pattern, status, text)
	}
}

// end sends the last byte, and returns the response.
func (l *late) end(t *testing.T) (status int, body string) {
	t.Helper()
	_, err := l.conn.Write(l.last)
	mustNot(t, err)
	resp, err := http.ReadResponse(l.answer, nil)
	mustNot(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	mustNot(t, err)
	return resp.StatusCode, string(text)
}
