package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// attempt is a request that must be refused, or be a dry run.
type attempt struct {
	name   string
	body   any
	header map[string]string
	status int
}

func (a attempt) send(c *kit.Client) *kit.Answer {
	c.T.Helper()
	for name, value := range a.header {
		c = c.With(name, value)
	}
	got := c.Post(migration, a.body)
	if got.Status != a.status {
		c.T.Errorf("%s: status %d, want %d: %.300s", a.name, got.Status, a.status, got.Body)
	}
	return got
}

// Refused leaves no trace (invariant I7): no row except counters and stored responses changes,
// for any refusal or dry run.
func TestRefusedMigrationChangesNothing(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		people := map[string]*kit.Client{
			"admin": admin, "target": s.As("target@example.com"), "observer": s.As("observer@example.com"), "user": s.As("user@example.com"),
			"stranger": s.As("stranger@example.com"), "issuer": s.As("issuer@example.com"), "program": s.Program(kit.FleetDE), "nobody": s.Anonymous(),
		}
		unsigned := *admin
		unsigned.Token = admin.Token[:len(admin.Token)-4] + "AAAA"
		people["forger"] = &unsigned
		tag := previewed(admin, migrationTo(kit.FleetFR, kit.SuspendedSIM))
		keyed(admin, "kept", realRun(migrationTo(kit.FleetUS, kit.ActivatedSIM))).Is(http.StatusOK)
		admin.Patch(simURL(kit.SuspendedSIM), toStatus(1)).Is(http.StatusNoContent)

		s.Untouched("a refused request or a dry run", func() {
			for _, a := range refusals(tag) {
				a.send(admin)
			}
			for name, c := range people {
				if name == "admin" {
					continue
				}
				want := map[string]int{"nobody": 401, "forger": 401, "program": 403}[name]
				for _, o := range []object{migrationTo(kit.FleetUS, kit.IssuedSIM), migrationOfICCIDs(kit.FleetUS, ferrySIMs[kit.IssuedSIM].ICCID), migrationOfRange(kit.FleetUS, ferrySIMs[kit.IssuedSIM].ICCID, ferrySIMs[kit.SuspendedSIM].ICCID)} {
					for _, o := range []object{o, realRun(o)} {
						if a := c.Post(migration, o); want != 0 && a.Status != want || want == 0 && a.Status != 404 {
							t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
						}
					}
				}
			}
		})
		s.CheckInvariants()
	})
}

// refusals returns those of an Administrator, one for each way to be refused, and dry runs.
func refusals(staleTag string) []attempt {
	list := []attempt{
		{"dry run", migrationTo(kit.FleetFR, kit.IssuedSIM), nil, 200},
		{"dry run that detaches", withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM)), nil, 200},
		{"dry run with a key", migrationTo(kit.FleetFR, kit.IssuedSIM), map[string]string{"Idempotency-Key": "dry"}, 200},
		{"dry run under a kept key", migrationTo(kit.FleetFR, kit.IssuedSIM), map[string]string{"Idempotency-Key": "kept"}, 200},
		{"dry run with If-Match", migrationTo(kit.FleetFR, kit.IssuedSIM), map[string]string{"If-Match": `"x"`}, 200},
		{"a replay", realRun(migrationTo(kit.FleetUS, kit.ActivatedSIM)), map[string]string{"Idempotency-Key": "kept"}, 200},
		{"attached", realRun(migrationTo(kit.FleetFR, kit.AttachedSIM)), nil, 409},
		{"attached, with a key", realRun(migrationTo(kit.FleetFR, kit.AttachedSIM, kit.IssuedSIM)), map[string]string{"Idempotency-Key": "refused"}, 409},
		{"status", realRun(withProperty(migrationTo(kit.FleetFR, kit.IssuedSIM), "allowed_sim_statuses", []object{{"id": 1}})), nil, 409},
		{"border", realRun(migrationTo(kit.FleetBR, kit.IssuedSIM)), nil, 409},
		{"already there", realRun(migrationTo(kit.FleetFR, kit.SIMInFR, kit.IssuedSIM)), nil, 409},
		{"two sources", realRun(migrationOfICCIDs(kit.FleetUS, ferrySIMs[kit.IssuedSIM].ICCID, ferrySIMs[kit.SIMInFR].ICCID)), nil, 409},
		{"no enterprise", realRun(migrationTo(kit.Reseller, kit.IssuedSIM)), nil, 409},
		{"suspended", realRun(migrationTo(kit.SuspendedFleet, kit.IssuedSIM)), nil, 409},
		{"stale", realRun(migrationTo(kit.FleetFR, kit.SuspendedSIM)), map[string]string{"If-Match": staleTag}, 412},
		{"stale, with a key", realRun(migrationTo(kit.FleetFR, kit.SuspendedSIM)), map[string]string{"If-Match": staleTag, "Idempotency-Key": "stale"}, 412},
		{"another's tag", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM)), map[string]string{"If-Match": staleTag}, 412},
		{"forged tag", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM)), map[string]string{"If-Match": `"x"`}, 412},
		{"no tag", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM)), map[string]string{"If-Match": "x"}, 400},
		{"key of another", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM)), map[string]string{"Idempotency-Key": "kept"}, 422},
		{"unknown SIM beside a known", realRun(migrationTo(kit.FleetFR, kit.IssuedSIM, 77777)), nil, 404},
		{"foreign SIM", realRun(migrationTo(kit.FleetFR, kit.SIMElsewhere)), nil, 404},
		{"deleted SIM", realRun(migrationTo(kit.FleetFR, kit.DeletedSIM)), nil, 404},
		{"empty range", realRun(migrationOfRange(kit.FleetFR, "8988303000000009000", "8988303000000009001")), nil, 404},
		{"unknown target", realRun(migrationTo(77777, kit.IssuedSIM)), nil, 404},
		{"foreign target", realRun(migrationTo(kit.Elsewhere, kit.IssuedSIM)), nil, 404},
	}
	for _, key := range []string{"", `""`, strings.Repeat("k", 256), `"` + strings.Repeat("k", 256) + `"`, "schlüssel", "a\tb", "\x80"} {
		header := map[string]string{"Idempotency-Key": key}
		list = append(list, attempt{fmt.Sprintf("key %q", key), realRun(migrationTo(kit.FleetFR, kit.IssuedSIM)), header, 400},
			attempt{fmt.Sprintf("dry run with key %q", key), migrationTo(kit.FleetFR, kit.IssuedSIM), header, 400})
	}
	return append(list, hostile()...)
}

// hostile returns malicious bodies.
func hostile() []attempt {
	const head = `{"target_workspace":{"id":200},"dry_run":false,`
	var list []attempt
	add := func(status int, bodies ...string) {
		for _, b := range bodies {
			list = append(list, attempt{fmt.Sprintf("%.120q", b), b, nil, status})
		}
	}
	// ids that no SIM has are looked for and not found
	for _, id := range []string{"-1", "0", "-0", "-9223372036854775808", "9223372036854775807", "1e18", "0.0", "0e999999999999999999"} {
		add(404, head+`"sims":[{"id":252},{"id":`+id+`}]}`, `{"target_workspace":{"id":`+id+`},"dry_run":false,"sims":[{"id":252}]}`)
	}
	// invalid ids are refused
	for _, id := range []string{
		"9223372036854775808", "-9223372036854775809", "1e19", "1e400", "1e999999999999999999", "-1e400", "2.5", "252.5", "1e-1", "2.52e1", "252.0000000000000001",
		`"252"`, `""`, "null", "true", "[]", "[252]", "{}", "NaN", "Infinity", "-Infinity", "+1", "0252", "0x10", ".5", "1.", "1e", "--1", "",
	} {
		add(400, head+`"sims":[{"id":252},{"id":`+id+`}]}`, `{"target_workspace":{"id":`+id+`},"dry_run":false,"sims":[{"id":252}]}`)
	}
	deep := strings.Repeat("[", 100_000)
	add(400, "", " ", "null", "[]", "{}", "1", `"x"`, "{", head, head+`"sims":[{"id":252}]} x`, head+`"sims":[{"id":252}]}{}`, "\ufeff\ufeff"+head+`"sims":[{"id":252}]}`, "\ufeff",
		head+`"sims":null}`, head+`"sims":{"id":252}}`, head+`"sims":[252]}`, head+`"sims":[null]}`, head+`"sims":[{}]}`, head+`"sims":[[{"id":252}]]}`, head+`"sims":"252"}`,
		deep, deep+strings.Repeat("]", 100_000), head+`"sims":`+deep+strings.Repeat("]", 100_000)+"}", head+`"sims":[{"id":252,"x":`+deep+strings.Repeat("]", 100_000)+"}]}",
		strings.Repeat(`{"a":`, 100_000)+"1"+strings.Repeat("}", 100_000),
		// duplicate keys, at any depth and however spelled
		head+`"sims":[{"id":252}],"sims":[{"id":252}]}`, head+`"sims":[{"id":252}],"dry_run":true}`, head+`"sims":[{"id":252,"id":252}]}`,
		head+`"sims":[{"id":252,"x":{"y":[{"z":1,"z":2}]}}]}`, head+`"sims":[{"id":252}],"dry\u005frun":true}`,
		`{"target_workspace":{"id":200,"id":200},"dry_run":false,"sims":[{"id":252}]}`,
		// invalid text
		head+"\"sims\":[{\"id\":252,\"x\":\"\xff\"}]}", head+"\"sims\":[{\"id\":252,\"\xff\":1}]}", head+`"iccids":["\ud800"]}`, head+"\"iccids\":[\"a\x00b\"]}",
		// unknown properties, one letter off
		head+`"sims":[{"id":252}],"allowed_sim_status":[{"id":0}]}`, head+`"SIMs":[{"id":252}]}`, head+`"sims":[{"id":252}],"Dry_Run":true}`, head+`"sims":[{"id":252}],"":1}`,
		// ICCIDs
		head+`"iccids":[8988303000000000252]}`, head+`"iccids":[null]}`, head+`"iccids":[""]}`, head+`"iccids":["٨٩٨٨٣٠٣٠٠٠٠٠٠٠٠٠٢٥٢"]}`, head+`"iccids":["８９８８３０３０００００００００２５２"]}`,
		head+`"iccids":["+988303000000000252"]}`, head+`"iccids":["898830300000000025 "]}`, head+`"iccids":["8988303000000000252\n"]}`, head+`"iccids":["898830300000000025a"]}`, head+`"iccids":["' OR 1=1 --"]}`,
		head+`"iccid_range":{}}`, head+`"iccid_range":[]}`, head+`"iccid_range":"8988303000000000252"}`, head+`"iccid_range":{"start":"8988303000000000252"}}`,
		head+`"iccid_range":{"start":8988303000000000252,"end":8988303000000000252}}`, head+`"iccid_range":{"start":null,"end":null}}`,
		head+`"iccid_range":{"start":"9999999999999999499","end":"9999999999999999999"}}`,
		head+`"sims":[{"id":252}],"allowed_sim_statuses":[{"id":1e400}]}`, head+`"sims":[{"id":252}],"allowed_sim_statuses":[{"id":4294967296}]}`, head+`"sims":[{"id":252}],"allowed_sim_statuses":{"id":0}}`,
	)
	add(404, "\ufeff"+head+`"sims":[{"id":252},{"id":77777}]}`) // a byte order mark is skipped
	add(404, head+`"iccid_range":{"start":"9999999999999999500","end":"9999999999999999999"}}`, head+`"iccid_range":{"start":"0000000000000000000","end":"0000000000000000499"}}`)
	// references may have more properties than an id, which are ignored
	add(404, `{"target_workspace":{"ID":77777,"Id":77777,"id":77777,"iD":200},"dry_run":false,"sims":[{"id":252}]}`, head+`"sims":[{"ID":252,"id":77777,"Id":252}]}`)
	add(400, head+`"sims":[{"ID":252}]}`, head+`"iccid_range":{"START":"8988303000000000252","END":"8988303000000000252"}}`)
	add(413, head+`"sims":[{"id":252}]`+strings.Repeat(" ", 1<<20)+"}", strings.Repeat("[", 1<<20+1))
	return append(list, packed(head)...)
}

// packed returns compressed bodies.
func packed(head string) []attempt {
	gz := map[string]string{"Content-Encoding": "gzip"}
	whole := zip(head + `"sims":[{"id":77777}]}`)
	return []attempt{
		{"gzip", whole, gz, 404},
		{"gzip cut short", whole[:len(whole)-9], gz, 400},
		{"gzip with a wrong checksum", append(bytes.Clone(whole[:len(whole)-8]), 0, 0, 0, 0, 0, 0, 0, 0), gz, 400},
		{"no gzip", head + `"sims":[{"id":252}]}`, gz, 400},
		{"gzip of nothing", zip(""), gz, 400},
		{"gzip twice", zip(string(whole)), gz, 400},
		{"bomb", zip(head + `"sims":[{"id":252}]` + strings.Repeat(" ", 64<<20) + "}"), gz, 413},
		{"brotli", "x", map[string]string{"Content-Encoding": "br"}, 400},
		{"gzip in gzip", whole, map[string]string{"Content-Encoding": "gzip, gzip"}, 400},
	}
}

func zip(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// At the edges of what is allowed, everything works.
func TestMigrationLimits(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.Seed(`sim_ranges: [{first_id: 5000, first_iccid: "9999999999999999500", count: 500, workspace: 100, issuer: 1, status: issued},
			{first_id: 6000, first_iccid: "0000000000000000000", count: 1, workspace: 100, issuer: 1, status: issued}]`)
		top := realRun(migrationOfRange(kit.FleetFR, "9999999999999999500", "9999999999999999999"))
		wantMigration(t, admin.Post(migration, top), ids(5000, 500)...)
		wantMigration(t, admin.Post(migration, realRun(migrationOfRange(kit.FleetFR, "0000000000000000000", "0000000000000000499"))), 6000)
		wantMigration(t, admin.Post(migration, realRun(migrationTo(kit.FleetDE, ids(5000, 500)...))), ids(5000, 500)...)
		plain := bodyText(t, realRun(migrationTo(kit.FleetFR, kit.IssuedSIM)))
		full := plain[:len(plain)-1] + strings.Repeat(" ", 1<<20-len(plain)) + "}" // exactly 1 MiB
		wantMigration(t, admin.Post(migration, full), kit.IssuedSIM)
		wantMigration(t, admin.With("Content-Encoding", "gzip").Post(migration, zip(bodyText(t, realRun(migrationTo(kit.FleetFR, kit.SuspendedSIM))))), kit.SuspendedSIM)
		s.CheckInvariants()
	})
}

// Every refusal by the rules is the same for one SIM as for 500.
func TestConflictNamesEverySIM(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s, admin := startFerry(t, e)
		s.SetRole(kit.AdminID, kit.FleetDE, fleet.Observer)
		got := decodeBody[api.MigrationConflict](t, admin.Post(migration, realRun(migrationTo(kit.FleetFR, ids(kit.FirstSpareSIM, 500)...))), http.StatusConflict)
		if len(got.Errors) != 1 || len(got.Errors[0].SIMs) != 500 || got.Errors[0].SIMs[499].ID != 1499 {
			t.Errorf("not every SIM is named")
		}
		missing := decodeBody[api.Error](t, admin.Post(migration, realRun(migrationTo(kit.FleetFR, ids(70000, 500)...))), http.StatusNotFound)
		if len(missing.Errors) != 500 {
			t.Errorf("%d of 500 unknown SIMs are named", len(missing.Errors))
		}
	})
}
