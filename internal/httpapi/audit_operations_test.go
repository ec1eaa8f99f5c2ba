package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpapi"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/test/kit"
)

// Every writing operation has an action in the audit log, and no other operation has one.
func TestEveryWritingOperationIsAudited(t *testing.T) {
	audited := httpapi.Audited()
	for _, r := range httpapi.Routes() {
		action, writes := audited[r.Pattern]
		if writes == strings.HasPrefix(r.Pattern, "GET ") {
			t.Errorf("%s: in the audited ones: %v", r.Pattern, writes)
		}
		if writes && !action.Known() {
			t.Errorf("%s: there is no action %q", r.Pattern, action)
		}
		delete(audited, r.Pattern)
	}
	for pattern := range audited {
		t.Errorf("%s: there is no such operation", pattern)
	}
}

// apiLog calls the API and records the secrets that it used.
type apiLog struct {
	*testing.T
	s       *kit.Server
	done    map[string]bool
	secrets []string
}

// do sends a request that must succeed and leave one entry, of the operation's action.
func (d *apiLog) do(c *kit.Client, pattern, path string, body any) *kit.Answer {
	d.Helper()
	method, plain, _ := strings.Cut(pattern, " ")
	if path == "" {
		path = plain
	}
	d.done[pattern] = true
	got := c.Do(method, path, body)
	if got.Status >= 300 {
		d.Fatalf("%s: %d: %s", pattern, got.Status, got.Body)
	}
	n := wantAudited(d.T, d.s, got, httpapi.Audited()[pattern], 0)
	if n.actor != int64(fleet.ActorUser) || n.user == 0 {
		d.Errorf("%s: it was done by %+v", pattern, n)
	}
	return got
}

func (d *apiLog) secret(texts ...string) {
	for _, text := range texts {
		if len(text) < 6 {
			d.Fatalf("%q is not a secret", text)
		}
	}
	d.secrets = append(d.secrets, texts...)
}

// Every operation that writes leaves exactly one entry, with actor, address and request, and
// never a secret.
func TestEveryOperationHasAnAuditEntry(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		d := &apiLog{T: t, s: batched(t, e), done: map[string]bool{}}
		d.signIns()
		d.invitations()
		d.people()
		d.sims()
		d.devices()
		for pattern := range httpapi.Audited() {
			if !d.done[pattern] {
				t.Errorf("%s: do it here, to see that it leaves its entry", pattern)
			}
		}
		d.tellNoSecret()
		d.s.MustFsck()
		if err := operator.New(d.s.Control).Fold(t.Context()); err != nil {
			t.Error(err)
		}
		d.s.MustFsck()
		if left := auditWhere(d.s, "seq IS NULL"); len(left) > 0 {
			t.Errorf("%d entries are not linked", len(left))
		}
	})
}

func (d *apiLog) signIns() {
	s, digest := d.s, identity.WireDigest(kit.Password)
	next := identity.WireDigest("battery staple 9")
	d.secret(kit.Password, digest, next, "battery staple 9")
	first := tokensOf(d.do(s.Anonymous(), "POST /api/v1/authenticate", "", object{"username": "user@example.com", "password": digest}))
	started := s.Anonymous().Post(terminalURL, nil)
	wantAudited(d.T, s, started, fleet.AuditTerminalStarted, 0)
	d.done["POST /api/v1/authenticate/device"] = true
	d.secret(decodeBody[api.DeviceAuthorization](d.T, started, http.StatusOK).DeviceCode)
	again := refresh(s, first.RefreshToken).Is(http.StatusOK)
	wantAudited(d.T, s, again, fleet.AuditRefreshed, 0)
	last := refresh(s, tokensOf(again).RefreshToken).Is(http.StatusOK)
	wantAudited(d.T, s, refresh(s, first.RefreshToken).Is(http.StatusUnauthorized), fleet.AuditReused, fleet.BadCredentials)
	user := s.As("user@example.com")
	d.secret(first.AuthToken, first.RefreshToken, tokensOf(again).RefreshToken, tokensOf(last).RefreshToken, user.Token)
	d.do(user, "POST /api/v1/authenticate/workspace", "", object{"target_organisation": object{"id": kit.FleetFR}})

	var key api.NewMFAKey
	d.do(user, "POST /api/v1/user/mfa", "", object{"type": object{"id": 0}, "password": digest}).JSON(&key)
	app := kit.NewAuthenticator(s, key.SecretKey)
	code := app.Code()
	d.do(user, "PATCH /api/v1/user/mfa/{key_id}", keyURL(key.ID), object{"status": object{"id": 1}, "code": code})
	s.Clock.Advance(step)
	asked := signIn(s.Anonymous(), "user@example.com", kit.Password)
	wantAudited(d.T, s, asked, fleet.AuditCodeAwaited, 0)
	finger, waiting, second := "a fingerprint that is long", pending(asked), app.Code()
	wantAudited(d.T, s, sendCode(s.Anonymous(), waiting, notCode(second)).Is(http.StatusUnauthorized), fleet.AuditSignedIn, fleet.BadCredentials)
	wantAudited(d.T, s, s.Anonymous().Post(authenticate, object{
		"mfa_token": waiting, "code": second, "trusted_device": object{"fingerprint": finger, "operating_system": "x", "browser": "y"},
	}).Is(http.StatusOK), fleet.AuditSignedIn, 0)
	d.secret(key.SecretKey, key.OTPAuth, code, second, notCode(second), finger, waiting)
	var trusted []api.TrustedDevice
	user.Get("/api/v1/user/my/mfa/trusted_device").Is(http.StatusOK).JSON(&trusted)
	d.do(user, "DELETE /api/v1/user/{user_id}/mfa/trusted_device/{device_id}", fmt.Sprintf("/api/v1/user/my/mfa/trusted_device/%d", trusted[0].ID), nil)
	d.do(user, "DELETE /api/v1/user/{user_id}/mfa/{key_id}", fmt.Sprintf("/api/v1/user/my/mfa/%d", key.ID), nil)
	d.do(user, "PATCH /api/v1/user/password", "", object{"old_password": digest, "new_password": next})
	d.do(s.As("observer@example.com"), "POST /api/v1/logout", "", object{"everywhere": false})

	// A password typed into the wrong field does not appear in the audit log.
	wantAudited(d.T, s, signIn(s.Anonymous(), "hunter2-typed-as-a-name", "whatever it is").Is(http.StatusUnauthorized), fleet.AuditSignedIn, fleet.BadCredentials)
	d.secret("hunter2-typed-as-a-name", identity.WireDigest("whatever it is"))
}

func (d *apiLog) people() {
	admin := d.s.As("admin@example.com")
	var made api.ApplicationTokenResponse
	d.do(admin, "POST /api/v1/application_token", "", object{"description": "billing"}).JSON(&made)
	d.secret(made.ApplicationToken)
	entered := d.s.Anonymous().Post(authenticate, object{"application_token": made.ApplicationToken}).Is(http.StatusOK)
	if n := wantAudited(d.T, d.s, entered, fleet.AuditTokenSignedIn, 0); n.token == 0 || n.actor != int64(fleet.ActorToken) || n.in != "100" {
		d.Errorf("a program's sign-in left %+v", n)
	}
	d.secret(tokensOf2(entered))
	d.do(admin.In(kit.FleetBR), "PATCH /api/v1/organisation/my/setting", "", object{"reason_required": true})
	d.do(admin, "PATCH /api/v1/application_token/{token_id}", "/api/v1/application_token/1", object{"description": "other"})
	revoked := admin.Patch("/api/v1/application_token/1", object{"status": object{"id": 1}}).Is(http.StatusNoContent)
	wantAudited(d.T, d.s, revoked, fleet.AuditTokenRevoked, 0)
	wantAudited(d.T, d.s, d.s.Anonymous().Post(authenticate, object{"application_token": made.ApplicationToken}).Is(http.StatusUnauthorized), fleet.AuditSignedIn, fleet.BadCredentials)

	d.do(admin, "PATCH /api/v1/user/{user_id}", fmt.Sprintf("/api/v1/user/%d", kit.ObserverID), object{"name": "Watcher"})
	d.do(admin, "PUT /api/v1/user/{user_id}/role/{role_id}", fmt.Sprintf("/api/v1/user/%d/role/2", kit.ObserverID), nil)
	d.do(admin, "DELETE /api/v1/user/{user_id}/role/{role_id}", fmt.Sprintf("/api/v1/user/%d/role/2", kit.ObserverID), nil)
	d.do(admin, "PATCH /api/v2/user/{user_id}/workspace/{workspace_id}", memberURL(kit.ObserverID, kit.FleetDE), object{"status": object{"id": 2}})
	d.do(admin, "PUT /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}", memberURL(kit.ObserverID, kit.FleetDE)+"/role/2", nil)
	d.do(admin, "DELETE /api/v2/user/{user_id}/workspace/{workspace_id}/role/{role_id}", memberURL(kit.ObserverID, kit.FleetDE)+"/role/2", nil)
	d.do(admin, "PUT /api/v2/user/{user_id}/default_organisation/{workspace_id}", fmt.Sprintf("/api/v2/user/my/default_organisation/%d", kit.FleetFR), nil)
	d.do(admin, "DELETE /api/v2/user/{user_id}/workspace/{workspace_id}", memberURL(kit.TargetAdminID, kit.FleetDE), nil)
	d.do(admin, "DELETE /api/v1/user/{user_id}", fmt.Sprintf("/api/v1/user/%d", kit.PlainUserID), nil) // a member elsewhere, so the user stays
}

func (d *apiLog) invitations() {
	admin := d.s.As("admin@example.com")
	d.do(admin, "POST /api/v2/user/invitation", "", object{"username": "new1@example.com", "name": "New", "roles": []object{{"id": 2}}})
	first := nextMail(d.s)
	d.do(d.s.Anonymous(), "POST /api/v2/user/activation", "", object{"activationKey": first.Secret, "password": identity.WireDigest(better)})
	d.do(admin, "POST /api/v1/user", "", object{"username": "new2@example.com", "name": "New", "roles": []object{{"id": 2}}})
	second := nextMail(d.s)
	asked := d.s.Anonymous().Post(resetURL, object{"username": "new1@example.com"}).Is(http.StatusNoContent)
	if n := wantAudited(d.T, d.s, asked, fleet.AuditResetAsked, 0); n.actor != 0 || n.subject != "user" || n.subjectID == "" || n.in != "100" {
		d.Errorf("a request for a new password was recorded as %+v", n)
	}
	d.done["POST /api/v1/user/password/reset"] = true
	d.do(d.s.Anonymous(), "POST /api/v1/user/activation", "", object{"activationKey": second.Secret, "password": identity.WireDigest(better)})
	d.secret(first.Secret, second.Secret, nextMail(d.s).Secret, identity.WireDigest(better))
}

func tokensOf2(a *kit.Answer) string {
	var got api.AuthResponse
	a.JSON(&got)
	return got.AuthToken
}

func (d *apiLog) sims() {
	admin := d.s.As("admin@example.com")
	d.do(admin, "PATCH /api/v1/sim/{sim_id}", simURL(kit.IssuedSIM), object{"status": object{"id": 1}})
	d.do(admin, "DELETE /api/v1/sim/{sim_id}", simURL(kit.SuspendedSIM), nil)
	d.do(admin, "DELETE /api/v1/sim/multi", "", []object{{"id": 1000}, {"id": 1001}})
	moved := d.do(admin, "POST /api/v1/sim/migration/workspace", "", realRun(migrationTo(kit.FleetFR, kit.ActivatedSIM)))
	d.do(admin, "POST /api/v1/migration/{migration_id}/undo", undo(moved), forReal())
	d.jobs(admin)
	d.offers(admin)
	d.do(admin, "PATCH /api/v1/sim_batch/bic/{bic}", batchURL+"1234567890123456", object{"sim_status": object{"id": 1}})
}

func (d *apiLog) jobs(admin *kit.Client) {
	d.do(admin, "POST /api/v1/sim_status_job", "", object{"status": object{"id": 2}, "select": object{"sims": []object{{"id": kit.AttachedSIM}}}})
	path := d.do(admin, "POST /api/v1/migration_job", "", selecting(kit.FactoryTestSIM)).Header.Get("Location")
	job := func(verb string) string { return "POST /api/v1/migration_job/{job_id}/" + verb }
	d.s.RunJobs()
	planned := admin.With("If-Match", admin.Get(path).Header.Get("ETag"))
	d.do(planned, job("start"), path+"/start", nil)
	for _, verb := range []string{"pause", "resume", "cancel", "retry", "undo"} {
		d.do(admin, job(verb), path+"/"+verb, nil)
	}
	holdJobs(d.s)
	d.s.SetRole(kit.IssuerAdminID, kit.FleetDE, fleet.Administrator)
	for i, verb := range []string{"approve", "reject"} {
		waiting := admin.Post(migrationJobs, withAuto(plus(selecting(int64(1400+i)), "target_workspace", object{"id": kit.FleetFR}))).Header.Get("Location")
		d.s.RunJobs()
		other := d.s.As("issuer@example.com").In(kit.FleetDE).With("If-Match", admin.Get(waiting).Header.Get("ETag"))
		d.do(other, job(verb), waiting+"/"+verb, nil)
	}
	releaseJobs(d.s)
	d.do(admin, "PUT /api/v1/migration_rule", "", object{"rules": []object{}})
}

func (d *apiLog) offers(giver *kit.Client) {
	receiver := d.s.As("target@example.com")
	made := func(sim int64) string {
		var code api.ReceivingCode
		d.do(receiver, "POST /api/v1/receiving_code", "", object{}).JSON(&code)
		d.secret(code.Code)
		return d.do(giver, "POST /api/v1/migration_offer", "", offering(code.Code, sim)).Header.Get("Location")
	}
	answer := func(c *kit.Client, verb string, sim int64, body any) {
		d.do(c, "POST /api/v1/migration_offer/{offer_id}/"+verb, made(sim)+"/"+verb, body)
	}
	answer(receiver, "accept", 1010, object{"dry_run": false})
	answer(receiver, "refuse", 1011, nil)
	answer(giver, "cancel", 1012, nil)
	ask := func() string {
		path := d.do(receiver, "POST /api/v1/migration_request", "", asksFor(1013)).Header.Get("Location")
		mustNot(d.T, d.s.Control.TendSIMRequests(d.Context()))
		return strings.TrimPrefix(path, simRequests)
	}
	d.do(receiver, "POST /api/v1/migration_request/{request_id}/withdraw", simRequests+ask()+"/withdraw", nil)
	d.do(giver, "POST /api/v1/migration_inquiry/{inquiry_id}/decline", inquiries+ask()+"/decline", nil)
	d.do(giver, "POST /api/v1/migration_inquiry/{inquiry_id}/offer", inquiries+ask()+"/offer", object{"dry_run": false})
	var code api.ReceivingCode
	d.do(receiver, "POST /api/v1/receiving_code", "", object{}).JSON(&code)
	d.do(receiver, "DELETE /api/v1/receiving_code/{code_id}", fmt.Sprintf("%s/%d", receivingCodes, code.ID), nil)
}

func (d *apiLog) devices() {
	admin, device := d.s.As("admin@example.com"), deviceURL(kit.EmptyDevice)
	d.do(admin, "POST /api/v1/endpoint", "", newDevice)
	d.do(admin, "PATCH /api/v1/endpoint/{endpoint_id}", device, object{"name": "renamed"})
	d.do(admin, "PATCH /api/v1/endpoint/{endpoint_id}/connectivity", device+"/connectivity", object{})
	d.do(admin, "DELETE /api/v1/endpoint/{endpoint_id}", device, nil)
	var made []api.Device
	d.do(admin, "POST /api/v2/endpoint/multi", "", "["+newDevice+"]").JSON(&made)
	d.do(admin, "PATCH /api/v2/endpoint/multi", "", []object{{"id": made[0].ID, "name": "other"}})
	d.do(admin, "DELETE /api/v2/endpoint/multi", "", []object{{"id": made[0].ID}})
}

// tellNoSecret searches the whole audit log for the secrets.
func (d *apiLog) tellNoSecret() {
	d.Helper()
	entries := auditWhere(d.s, "id > 0")
	if len(d.secrets) < 15 || len(entries) < 30 {
		d.Errorf("%d secrets and %d entries are too few to tell", len(d.secrets), len(entries))
	}
	for _, n := range entries {
		text := strings.Join([]string{n.address, n.action, n.subject, n.subjectID, n.det, n.in}, "\n")
		if i := slices.IndexFunc(d.secrets, func(secret string) bool { return strings.Contains(text, secret) }); i >= 0 {
			d.Errorf("an entry has the secret %q: %+v", d.secrets[i], n)
		}
	}
}
