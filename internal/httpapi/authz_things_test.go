package httpapi_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// resourceKind is a kind of resource with ids, for the Administrator of Workspace 100. An id in
// braces is created by the setup.
type resourceKind struct {
	own     string   // one that the caller may use
	foreign []string // of another Workspace, or deleted
	absent  string   // as long as the foreign ones, because Content-Length would differ
	means   []string // of the ids that are tried, those that mean something here
	text    bool     // the id is a text in JSON
	set     string   // the format of the ids of a set, "" if there is none
}

var resourceKinds = map[string]resourceKind{
	"SIM":            {own: "{fresh}", foreign: []string{"290", "255"}, absent: "999", set: "%d"},
	"plugged SIM":    {own: "{fresh}", foreign: []string{"290", "255"}, absent: "999", means: []string{"null"}, set: "%d"}, // takes it out
	"device":         {own: "9002", foreign: []string{"9201", "9202"}, absent: "9999", set: "%d"},
	"profile":        {own: "1", foreign: []string{"21"}, absent: "99"},
	"user":           {own: "4", foreign: []string{"31", "36", "37"}, absent: "99"},                  // of others; deleted; gone elsewhere
	"owner":          {own: "200", foreign: []string{"900"}, absent: "999", means: []string{"null"}}, // none
	"Workspace":      {own: "200", foreign: []string{"900", "902", "903"}, absent: "999"},            // of others; suspended; left
	"factor":         {own: "{key}", foreign: []string{"{foreign key}"}, absent: "9"},
	"trusted device": {own: "{trusted}", foreign: []string{"{foreign trusted}"}, absent: "9"},
	"audit entry":    {own: "{audit}", foreign: []string{"{foreign audit}"}, absent: "999999999"},
	"event":          {own: "{event}", foreign: []string{"{foreign event}"}, absent: "9"},
	"token":          {own: "{token}", foreign: []string{"{foreign token}"}, absent: "9"},
	"entry":          {own: "{entry}", foreign: []string{"{foreign entry}"}, absent: "9"},
	"offer":          {own: "{offer}", foreign: []string{"{foreign offer}"}, absent: "9"},
	"outgoing offer": {own: "{outgoing}", foreign: []string{"{foreign offer}"}, absent: "9"},
	"request":        {own: "{request}", foreign: []string{"{foreign request}", "{inquiry}"}, absent: "9"},
	"inquiry":        {own: "{inquiry}", foreign: []string{"{foreign inquiry}", "{request}"}, absent: "9"},
	"inquired SIM":   {own: "1022", foreign: []string{"290", "255"}, absent: "999", set: "%d"},
	"receiving code": {own: "{receiving}", foreign: []string{"{foreign receiving}"}, absent: "9"},
	"own Workspace":  {own: "100", foreign: []string{"200", "900", "902", "903"}, absent: "999"},
	"offerable SIM":  {own: "1020", foreign: []string{"290", "255"}, absent: "999", set: "%d"},
	"offered SIM":    {own: "{offered SIM}", foreign: []string{"290", "255"}, absent: "999", set: "%d"},
	"job":            {own: "{job}", foreign: []string{"{foreign job}"}, absent: "9"},
	"batch":          {own: "2234567890123456", foreign: []string{"1234567890123456"}, absent: "3234567890123456", text: true},
	// GET distinguishes a registered batch from an unknown one, as the vendor does, because
	// codes are secret.
	"batch to read": {own: "2234567890123456", absent: "3234567890123456", text: true},
	"ICCID":         {own: "8988303000000001300", foreign: []string{kit.ICCID(kit.SIMElsewhere), kit.ICCID(kit.DeletedSIM)}, absent: "8988303000000000999", text: true, set: "89883030000000%05d"},
	"role":          {own: "3", absent: "9", means: []string{"1", "2", "3", "4"}},
	"file":          {own: "docs.js", absent: "docs.go", text: true},
	"status":        {own: "1", absent: "9", means: []string{"0", "1"}}, // and other entries of closed lists, which every caller can read
	"SIM status":    {own: "1", absent: "9", means: []string{"0"}},      // which the SIM has
	"closed list":   {own: "0", absent: "9", means: []string{"0"}},
}

// identified maps places to the kind of their ids, with the operation if the place is
// ambiguous.
var identified = map[string]string{
	"{sim_id}": "SIM", "sims[].id": "SIM", "DELETE /api/v1/sim/multi [].id": "SIM", "sim.id": "plugged SIM", "[].sim.id": "plugged SIM", "endpoints[].sim.id": "plugged SIM",
	"sim.status.id": "SIM status", "[].sim.status.id": "SIM status", "endpoints[].sim.status.id": "SIM status",
	"ip_address_space.id": free, "[].ip_address_space.id": free, "[].organisation.id": "Workspace",
	"{endpoint_id}": "device", "PATCH /api/v2/endpoint/multi [].id": "device", "DELETE /api/v2/endpoint/multi [].id": "device",
	"{profile_id}": "profile", "service_profile.id": "profile", "tariff_profile.id": "profile", "[].service_profile.id": "profile", "[].tariff_profile.id": "profile",
	"{user_id}": "user", "{key_id}": "factor", "{device_id}": "trusted device", "{token_id}": "token", "{migration_id}": "entry",
	"target_workspace.id": "Workspace", "target_organisation.id": "Workspace",
	"customer_org.id": "owner", "issuer_org.id": "Workspace", "reseller_org.id": "owner",
	"{bic}": "batch", "GET /api/v1/sim_batch/bic/{bic} {bic}": "batch to read", "iccids[]": "ICCID", "iccid_range.start": "ICCID", "iccid_range.end": "ICCID", "{file}": "file",
	"{workspace_id}": "Workspace", "{role_id}": "role", "organisation.id": "Workspace", "roles[].id": "role",
	"status.id": "status", "[].status.id": "status", "allowed_sim_statuses[].id": "status", "type.id": "closed list",
	"sim_status.id": "status",
	"{offer_id}":    "offer", "{code_id}": "receiving code", "POST /api/v1/migration_offer/{offer_id}/cancel {offer_id}": "outgoing offer",
	"POST /api/v1/migration_offer/{offer_id}/accept sims[].id": "offered SIM", "refuse[].id": "offered SIM",
	"{request_id}": "request", "{inquiry_id}": "inquiry", "POST /api/v1/migration_inquiry/{inquiry_id}/offer sims[].id": "inquired SIM",
	// A server looks for these SIMs after the response: TestContract_RequestsShowNothing.
	"POST /api/v1/migration_request iccids[]":       free,
	"expected_sender.id":                            free, // it is only compared
	"POST /api/v1/migration_offer select.sims[].id": "offerable SIM", "POST /api/v1/migration_offer select.iccids[]": "ICCID", "POST /api/v1/migration_offer select.filter.workspace.id": "own Workspace",
	"POST /api/v1/migration_offer select.iccid_ranges[].start": "ICCID", "POST /api/v1/migration_offer select.iccid_ranges[].end": "ICCID",
	"{job_id}": "job", "select.failed_of.id": "job", "select.done_by.id": "job", "select.filter.workspace.id": "Workspace",
	// A job looks for these SIMs after the response: TestContract_JobHidesForeignSIMs.
	"select.sims[].id": free, "select.except[].id": free, "select.except_iccids[]": free, "select.except_iccid_ranges[].start": free, "select.except_iccid_ranges[].end": free, "select.iccids[]": free, "select.iccid_ranges[].start": free, "select.iccid_ranges[].end": free,
	// The options of an upload: TestContract_JobUpload.
	"?allowed_sim_statuses": free, "?auto_detach_devices": free, "?dry_run": free, "?not_after": free, "?not_before": free, "?reason": free,
	"?reference": free, "?target_workspace": free, "?landing": free, "?on_conflict": free, "PATCH /api/v1/sim_batch/bic/{bic} id": "status",
}

// free is an id that Simferry keeps for the client and never looks up.
const free = "free"

// special has requests for probes that cannot use their operation's row in accesses.
type special struct{ as, body, own string }

var specials = map[string]special{
	"POST " + migration + " iccids[]":                                               {body: `{"target_workspace": {"id": 200}, "iccids": [{id}]}`},
	"POST " + migration + " iccid_range.start":                                      {body: `{"target_workspace": {"id": 200}, "iccid_range": {"start": {id}, "end": {id}}}`},
	"POST " + migration + " iccid_range.end":                                        {body: `{"target_workspace": {"id": 200}, "iccid_range": {"end": {id}, "start": {id}}}`},
	"POST /api/v1/migration_offer select.iccid_ranges[].start":                      {body: `{"receiving_code":"none","select":{"iccid_ranges":[{"start":{id},"end":{id}}]}}`},
	"POST /api/v1/migration_offer select.iccid_ranges[].end":                        {body: `{"receiving_code":"none","select":{"iccid_ranges":[{"end":{id},"start":{id}}]}}`},
	"POST /api/v1/migration_offer select.iccids[]":                                  {body: `{"receiving_code":"none","select":{"iccids":[{id}]}}`},
	"POST /api/v1/migration/{migration_id}/undo sims[].id":                          {own: "1000"}, // which the entry moved
	"POST /api/v1/migration_inquiry/{inquiry_id}/decline {inquiry_id}":              {own: "{inquiry to decline}"},
	"POST /api/v1/migration_job/{job_id}/approve {job_id}":                          {own: "{job of another}"},
	"POST /api/v1/migration_job/{job_id}/reject {job_id}":                           {own: "{job of another}"},
	"PATCH /api/v1/sim/{sim_id} customer_org.id":                                    {as: "issuer@example.com", body: `{"customer_org": {"id": {id}}}`},
	"PATCH /api/v1/sim/{sim_id} issuer_org.id":                                      {as: "issuer@example.com", body: `{"issuer_org": {"id": {id}}}`, own: "650"},
	"PATCH /api/v1/sim/{sim_id} reseller_org.id":                                    {as: "issuer@example.com", body: `{"reseller_org": {"id": {id}}}`, own: "600"},
	"PATCH /api/v1/sim_batch/bic/{bic} sim_status.id":                               {body: `{"sim_status": {"id": {id}}}`},
	"PATCH /api/v1/sim_batch/bic/{bic} {bic}":                                       {own: "4234567890123456"},
	"GET /api/v1/sim/{sim_id}/event {sim_id}":                                       {own: "252"},
	"GET /api/v1/user/{user_id}/event {user_id}":                                    {own: "1"},
	"PATCH /api/v1/user/mfa/{key_id} {key_id}":                                      {own: "{admin key}"},
	"POST /api/v1/user/mfa type.id":                                                 {as: "user@example.com"}, // has one, so that none is made
	"PATCH /api/v1/user/mfa/{key_id} status.id":                                     {as: "user@example.com"},
	"POST /api/v1/endpoint sim.status.id":                                           {body: strings.TrimSuffix(newDevice, "}") + `, "sim": {"id": {fresh}, "status": {"id": {id}}}}`},
	"PATCH /api/v1/endpoint/{endpoint_id} sim.status.id":                            {body: `{"sim": {"id": {fresh}, "status": {"id": {id}}}}`},
	"PATCH /api/v2/endpoint/multi [].sim.status.id":                                 {body: `[{"id": 9002, "sim": {"id": {fresh}, "status": {"id": {id}}}}]`},
	"POST /api/v2/endpoint/multi [].sim.status.id":                                  {body: "[" + strings.TrimSuffix(newDevice, "}") + `, "sim": {"id": {fresh}, "status": {"id": {id}}}}]`},
	"POST /api/v2/endpoint/multi endpoints[].sim.status.id":                         {body: strings.TrimSuffix(newDevice, "}") + `, "endpoints": [{"sim": {"id": {fresh}, "status": {"id": {id}}}}]}`},
	"PUT /api/v2/user/{user_id}/default_organisation/{workspace_id} {user_id}":      {as: "user@example.com"},
	"PUT /api/v2/user/{user_id}/default_organisation/{workspace_id} {workspace_id}": {as: "user@example.com"},
}

// filled replaces the names in braces by the ids from the setup.
func filled(text string, known map[string]string) string {
	for name, id := range known {
		text = strings.ReplaceAll(text, "{"+name+"}", id)
	}
	return text
}

func (th resourceKind) filled(known map[string]string) resourceKind {
	th.own = filled(th.own, known)
	foreign := make([]string, len(th.foreign))
	for i, id := range th.foreign {
		foreign[i] = filled(id, known)
		if foreign[i] != id && th.absent == "9" {
			th.absent = strings.Repeat("9", len(foreign[i]))
		}
	}
	th.foreign = foreign
	return th
}

// beyondReach defines data that Workspace 100 and its Administrator cannot access.
const beyondReach = elsewhere + `
workspaces:
  - {id: 650, name: Virtual operator, type: mno, country: DE, parent: 1}
  - {id: 901, name: Elsewhere too, type: enterprise, country: DE}
  - {id: 902, name: Shut elsewhere, type: enterprise, country: DE, status: suspended}
  - {id: 903, name: Left, type: enterprise, country: DE}
users:
  - {id: 36, username: deleted@example.com, name: Deleted, password: correct horse, default_workspace: 100, roles: {100: user}}
  - {id: 37, username: gone@example.com, name: Gone, password: correct horse, default_workspace: 900, roles: {100: user, 900: user}}
  - {id: 31, username: both@example.com, name: Both, password: correct horse, default_workspace: 900, roles: {900: administrator, 901: administrator}}
`

// probed returns a server with accessible and inaccessible resources of every kind, and their ids.
func probed(t *testing.T, e kit.Engine) (*kit.Server, map[string]string) {
	t.Helper()
	s := batched(t, e).Seed(beyondReach)
	if _, err := s.Import("id,iccid,workspace,issuer,bic,status\n5011,8988303000000005011,1,1,2234567890123456,issued\n" +
		"5012,8988303000000005012,1,1,4234567890123456,issued\n5013,8988303000000005013,901,650,,issued\n"); err != nil {
		t.Fatal(err)
	}
	admin, both := s.As("admin@example.com"), s.As("both@example.com")
	for _, user := range []string{"36", "37"} {
		admin.Do(http.MethodDelete, "/api/v1/user/"+user, nil).Is(http.StatusNoContent)
	}
	if len(s.Rows("SELECT id FROM users WHERE id = 36 AND former_username IS NOT NULL")) != 1 {
		t.Fatal("user 36 is not deleted")
	}
	s.SetRole(kit.AdminID, 903, fleet.Administrator)
	s.SetRole(kit.AdminID, 903, fleet.NoRole)
	s.As("stranger@example.com").Patch(batchURL+"1234567890123456", `{"id": 1}`).Is(http.StatusOK)
	admin.Patch(simURL(kit.IssuedSIM), toStatus(1)).Is(http.StatusNoContent) // an event
	admin.Patch(deviceURL(kit.EmptyDevice), `{"status": {"id": 1}}`).Is(http.StatusNoContent)
	known := map[string]string{
		"entry":         entryOf(admin.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": %d}, "sims": [{"id": 1000}], "dry_run": false}`, kit.FleetUS))),
		"foreign entry": entryOf(both.Post(migration, fmt.Sprintf(`{"target_workspace": {"id": 901}, "sims": [{"id": %d}], "dry_run": false}`, kit.SIMElsewhere))),
		"token":         newToken(admin), "foreign token": newToken(both),
	}
	known["job of another"] = newJob(s.As("root@example.com"), kit.ActivatedSIM) // users cannot approve their own
	s.RunJobs()
	known["job"], known["foreign job"] = newJob(admin, kit.ActivatedSIM), newJob(both, kit.SIMElsewhere)
	known["key"], known["trusted"] = ownFactor(s, "user@example.com")
	known["foreign key"], known["foreign trusted"] = ownFactor(s, "stranger@example.com")
	known["event"], known["foreign event"] = newest(admin, "/api/v1/event"), newest(both, "/api/v1/event")
	known["audit"], known["foreign audit"] = newest(admin, "/api/v1/audit"), newest(both, "/api/v1/audit")
	mine, _ := admin.NewFactor()
	known["admin key"] = strconv.FormatInt(mine.ID, 10)
	probedOffers(s, known)
	return s, known
}

// probedOffers adds offers and receiving codes.
func probedOffers(s *kit.Server, known map[string]string) {
	s.T.Helper()
	code := func(c *kit.Client) (id, text string) {
		var made api.ReceivingCode
		c.Post(receivingCodes, object{"single_use": false}).Is(http.StatusCreated).JSON(&made)
		return strconv.FormatInt(made.ID, 10), made.Code
	}
	offer := func(from *kit.Client, text string, sim int64) string {
		return strings.TrimPrefix(from.Post(offers, offering(text, sim)).Is(http.StatusCreated).Header.Get("Location"), offers+"/")
	}
	admin, target, both := s.As("admin@example.com"), s.As("target@example.com"), s.As("both@example.com")
	id, text := code(admin)
	known["receiving"], known["offer"], known["offered SIM"] = id, offer(target, text, kit.SIMInFR), strconv.Itoa(kit.SIMInFR)
	_, known["code of FR"] = code(target)
	known["outgoing"] = offer(admin, known["code of FR"], 1021)
	known["foreign receiving"], text = code(both)
	known["foreign offer"] = offer(both.In(901), text, 5013)
	known["request"] = asked(s, admin, kit.SIMInFR+1) // which does not exist
	known["inquiry to decline"] = asked(s, target, 1022)
	known["inquiry"] = asked(s, target, 1022)              // of FleetDE
	known["foreign request"] = asked(s, target, 999)       // which does not exist
	known["foreign inquiry"] = asked(s, both.In(901), 260) // of FleetFR
}

// asked makes a request for a SIM and returns its id, which is that of its inquiries.
func asked(s *kit.Server, c *kit.Client, sim int64) string {
	s.T.Helper()
	path := c.Post(simRequests, asksFor(sim)).Is(http.StatusCreated).Header.Get("Location")
	mustNot(s.T, s.Control.TendSIMRequests(s.T.Context()))
	return strings.TrimPrefix(path, simRequests+"/")
}

func entryOf(a *kit.Answer) string {
	a.T.Helper()
	return strings.TrimPrefix(a.Is(http.StatusOK).Header.Get("Location"), "/api/v1/migration/")
}

// newJob makes a job, which no server works on, and returns its id.
func newJob(c *kit.Client, sim int64) string {
	c.T.Helper()
	body := fmt.Sprintf(`{"status": {"id": 2}, "select": {"sims": [{"id": %d}]}}`, sim)
	return strings.TrimPrefix(c.Post("/api/v1/sim_status_job", body).Is(http.StatusCreated).Header.Get("Location"), migrationJobs+"/")
}

// newToken creates an application token and returns its id.
func newToken(c *kit.Client) string {
	c.T.Helper()
	makeToken(c, `{}`)
	list := tokenList(c, "?sort=-id")
	return strconv.FormatInt(list[0].ID, 10)
}

// newest returns the first id of a list.
func newest(c *kit.Client, path string) string {
	c.T.Helper()
	var list []struct{ ID int64 }
	c.Get(path + "?per_page=1&sort=-id").Is(http.StatusOK).JSON(&list)
	return strconv.FormatInt(list[0].ID, 10)
}

// ownFactor gives a user an active second factor and a trusted device, and returns their ids.
func ownFactor(s *kit.Server, username string) (key, device string) {
	s.T.Helper()
	c := s.As(username)
	made, app := withFactor(s, username)
	trustFor(s.Anonymous(), username, app)
	var devices []api.TrustedDevice
	c.Get("/api/v1/user/my/mfa/trusted_device").Is(http.StatusOK).JSON(&devices)
	return strconv.FormatInt(made.ID, 10), strconv.FormatInt(devices[0].ID, 10)
}
