package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// Tests of the section "Migration: the request" of api/DEVIATIONS.md.

func TestContract_AutoDetachDefault(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		for _, o := range []object{migrationTo(kit.FleetFR, kit.AttachedSIM), withProperty(migrationTo(kit.FleetFR, kit.AttachedSIM), "auto_detach_devices", false)} {
			wantConflict(t, admin.Post(migration, o), conflictReason{1502, []int64{kit.AttachedSIM}})
			wantConflict(t, admin.Post(migration, realRun(o)), conflictReason{1502, []int64{kit.AttachedSIM}})
		}
		if got := wantMigration(t, admin.Post(migration, migrationTo(kit.FleetFR, kit.IssuedSIM)), kit.IssuedSIM); got.AutoDetachDevices {
			t.Error("auto_detach_devices is true though the request does not set it")
		}
		if got := wantMigration(t, admin.Post(migration, withDetach(migrationTo(kit.FleetFR, kit.AttachedSIM))), kit.AttachedSIM); !got.AutoDetachDevices {
			t.Error("auto_detach_devices is false though it was asked for")
		}
	})
}

func TestContract_OneSelection(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		one := migrationTo(kit.FleetFR, kit.IssuedSIM)
		iccids, span := []string{kit.ICCID(kit.IssuedSIM)}, object{"start": kit.ICCID(kit.IssuedSIM), "end": kit.ICCID(kit.IssuedSIM)}
		s.Untouched("a wrong selection", func() {
			const cure = "Send exactly one of sims, iccids and iccid_range"
			for _, o := range []object{
				{"target_workspace": object{"id": kit.FleetFR}},
				withProperty(one, "iccids", iccids),
				withProperty(one, "iccid_range", span),
				withProperty(migrationOfICCIDs(kit.FleetFR, iccids...), "iccid_range", span),
				withProperty(withProperty(one, "iccids", iccids), "iccid_range", span),
				withProperty(one, "sims", nil),
				{"target_workspace": object{"id": kit.FleetFR}, "sims": nil, "iccids": nil, "iccid_range": nil},
				withProperty(withProperty(one, "sims", []object{}), "iccids", iccids), // an empty list is not absent
			} {
				wantBadRequest(t, admin.Post(migration, realRun(o)), cure)
			}
			wantBadRequest(t, admin.Post(migration, realRun(withProperty(one, "sims", []object{}))), "sims: the list is empty; name at least one SIM")
			wantBadRequest(t, admin.Post(migration, realRun(withProperty(migrationOfICCIDs(kit.FleetFR), "iccids", []string{}))), "iccids: the list is empty; name at least one SIM")
		})
		wantBadRequest(t, admin.Post(migration, realRun(withProperty(one, "target_workspace", nil))), "target_workspace: it is required")
		// null counts as absent
		wantMigration(t, admin.Post(migration, withProperty(withProperty(one, "iccids", nil), "iccid_range", nil)), kit.IssuedSIM)
		wantMigration(t, admin.Post(migration, withProperty(migrationOfICCIDs(kit.FleetFR, iccids...), "sims", nil)), kit.IssuedSIM)
		wantMigration(t, admin.Post(migration, withProperty(migrationOfRange(kit.FleetFR, iccids[0], iccids[0]), "sims", nil)), kit.IssuedSIM)
	})
}

// iccidsFrom returns n consecutive ICCIDs of the Ferry world, from that of SIM from on.
func iccidsFrom(from, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("898830300%010d", from+i)
	}
	return list
}

func ids(from, n int64) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = from + int64(i)
	}
	return list
}

func TestContract_SelectionLimit(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startWithOwnDatabase(t, e)
		const more = "501 SIMs are named; at most 500 are allowed in one request: split it"
		wantBadRequest(t, admin.Post(migration, migrationTo(kit.FleetFR, ids(kit.FirstSpareSIM, 501)...)), "sims: "+more)
		wantBadRequest(t, admin.Post(migration, migrationOfICCIDs(kit.FleetFR, iccidsFrom(kit.FirstSpareSIM, 501)...)), "iccids: "+more)
		wantBadRequest(t, admin.Post(migration, migrationOfRange(kit.FleetFR, iccidsFrom(kit.FirstSpareSIM, 1)[0], iccidsFrom(1500, 1)[0])),
			"iccid_range: it spans 501 numbers; at most 500 are allowed in one request: split it")
		wantBadRequest(t, admin.Post(migration, migrationOfRange(kit.FleetFR, "0000000000000000000", "9999999999999999999")),
			"iccid_range: it spans 10000000000000000000 numbers")

		wantMigration(t, admin.Post(migration, migrationTo(kit.FleetFR, ids(kit.FirstSpareSIM, 500)...)), ids(kit.FirstSpareSIM, 500)...)
		wantMigration(t, admin.Post(migration, migrationOfICCIDs(kit.FleetFR, iccidsFrom(kit.FirstSpareSIM, 500)...)), ids(kit.FirstSpareSIM, 500)...)
		wantMigration(t, admin.Post(migration, migrationOfRange(kit.FleetFR, iccidsFrom(kit.FirstSpareSIM, 1)[0], iccidsFrom(1499, 1)[0])), ids(kit.FirstSpareSIM, 500)...)
		// duplicates are removed before the SIMs are counted
		wantMigration(t, admin.Post(migration, migrationTo(kit.FleetFR, append(ids(kit.FirstSpareSIM, 500), ids(kit.FirstSpareSIM, 100)...)...)), ids(kit.FirstSpareSIM, 500)...)

		// The limit is checked without the database, so the answer is the same if it cannot be
		// read.
		s.Exec("ALTER TABLE sims RENAME TO sims_away")
		wantBadRequest(t, admin.Post(migration, migrationTo(kit.FleetFR, ids(kit.FirstSpareSIM, 501)...)), "sims: "+more)
		admin.Post(migration, migrationTo(kit.FleetFR, kit.IssuedSIM)).Is(http.StatusInternalServerError)
		s.Exec("ALTER TABLE sims_away RENAME TO sims")
	})
}

func TestContract_NamedTwice(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		wantMigration(t, admin.Post(migration, migrationTo(kit.FleetFR, kit.SuspendedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.IssuedSIM, kit.ActivatedSIM)), kit.SuspendedSIM, kit.IssuedSIM, kit.ActivatedSIM)
		wantMigration(t, admin.Post(migration, migrationOfICCIDs(kit.FleetFR, kit.ICCID(kit.SuspendedSIM), kit.ICCID(kit.IssuedSIM), kit.ICCID(kit.SuspendedSIM))), kit.SuspendedSIM, kit.IssuedSIM)
		done := admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.SuspendedSIM, kit.IssuedSIM, kit.SuspendedSIM)))
		wantMigration(t, done, kit.SuspendedSIM, kit.IssuedSIM)
		entry := decodeBody[api.Migration](t, admin.Get(done.Header.Get("Location")), http.StatusOK)
		if entry.SIMCount != 2 || len(entry.SIMs) != 2 || entry.SIMs[0].ID != kit.SuspendedSIM || entry.SIMs[1].ID != kit.IssuedSIM {
			t.Errorf("ledger entry: %+v", entry)
		}
		s.CheckInvariants()
	})
}

func TestContract_ICCIDForm(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		const valid = "8988303000000000252"
		got := decodeBody[api.Error](t, admin.Post(migration, migrationOfICCIDs(kit.FleetFR, valid, "123", "89883030000067385937", "89883030000067385930", "898830300000000025x")), http.StatusBadRequest)
		problem := func(text string) api.Problem {
			return api.Problem{ErrorCode: 1403, ErrorToken: "InvalidFormat", Message: text}
		}
		first := `iccids[1]: "123" is not a valid ICCID: it has 3 digits, not 19`
		if diff := cmp.Diff(api.Error{ErrorCode: 1000, ErrorToken: "BadRequest", Message: first, Errors: []api.Problem{
			problem(first),
			problem(`iccids[2]: "89883030000067385937" has 20 digits, the last being the check digit: drop it and send "8988303000006738593"`),
			problem(`iccids[3]: "89883030000067385930" has 20 digits and its last is not the check digit of the first 19 (that would be 7)`),
			problem(`iccids[4]: "898830300000000025x" is not a valid ICCID: it must be exactly 19 digits`),
		}}, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}

		many := decodeBody[api.Error](t, admin.Post(migration, migrationOfICCIDs(kit.FleetFR, strings.Fields(strings.Repeat("1 ", 30))...)), http.StatusBadRequest)
		if len(many.Errors) != 10 || !strings.HasPrefix(many.Errors[9].Message, "iccids[9]: ") {
			t.Errorf("not the first ten: %+v", many.Errors)
		}
		wantBadRequest(t, admin.Post(migration, migrationOfRange(kit.FleetFR, "89883030000067385937", valid)), `iccid_range.start: "89883030000067385937" has 20 digits`)
		wantBadRequest(t, admin.Post(migration, migrationOfRange(kit.FleetFR, valid, "")), `iccid_range.end: "" is not a valid ICCID`)
	})
}

func TestContract_RangeOrder(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		wantBadRequest(t, admin.Post(migration, migrationOfRange(kit.FleetFR, kit.ICCID(kit.SuspendedSIM), kit.ICCID(kit.IssuedSIM))),
			"iccid_range.end: 8988303000000000252 lies before start 8988303000000000253")
		// Beyond 2^53 these two are the same floating-point number.
		wantBadRequest(t, admin.Post(migration, migrationOfRange(kit.FleetFR, "9007199254740993001", "9007199254740993000")),
			"iccid_range.end: 9007199254740993000 lies before start 9007199254740993001")
		wantMigration(t, admin.Post(migration, migrationOfRange(kit.FleetFR, kit.ICCID(kit.IssuedSIM), kit.ICCID(kit.IssuedSIM))), kit.IssuedSIM)
		// An ICCID is text: its leading zeros are kept.
		wantNotFound(t, admin.Post(migration, migrationOfRange(kit.FleetFR, "0000000000000000001", "0000000000000000001")),
			"no sim with an iccid from 0000000000000000001 to 0000000000000000001 found")
	})
}

func TestContract_RangeGaps(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		span := withDetach(migrationOfRange(kit.FleetUS, "8988303000000000245", "8988303000000000259"))
		// 255 is deleted, 256 is in a Workspace of which the caller is not a member, the others
		// do not exist
		wantMigration(t, admin.Post(migration, span), kit.AttachedSIM, kit.ActivatedSIM, kit.IssuedSIM, kit.SuspendedSIM, kit.FactoryTestSIM)
		nothing := admin.Post(migration, migrationOfRange(kit.FleetFR, "8988303000000000240", "8988303000000000249"))
		foreign := admin.Post(migration, migrationOfRange(kit.FleetFR, kit.ICCID(kit.SIMElsewhere), kit.ICCID(kit.SIMElsewhere)))
		deleted := admin.Post(migration, migrationOfRange(kit.FleetFR, kit.ICCID(kit.DeletedSIM), kit.ICCID(kit.DeletedSIM)))
		wantNotFound(t, nothing, "no sim with an iccid from 8988303000000000240 to 8988303000000000249 found")
		wantNotFound(t, foreign, "no sim with an iccid from 8988303000000000256 to 8988303000000000256 found")
		wantNotFound(t, deleted, "no sim with an iccid from 8988303000000000255 to 8988303000000000255 found")
	})
}

func TestContract_MissingNamed(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		s.Untouched("an unknown SIM", func() {
			for _, run := range []func(object) object{realRun, func(o object) object { return o }} {
				wantNotFound(t, admin.Post(migration, run(migrationTo(kit.FleetFR, kit.IssuedSIM, kit.DeletedSIM, kit.SIMElsewhere, kit.ActivatedSIM, 77777))),
					"sim with id 255 not found", "sim with id 290 not found", "sim with id 77777 not found")
				wantNotFound(t, admin.Post(migration, run(migrationTo(kit.FleetFR, kit.SIMElsewhere))), "sim with id 290 not found")
				wantNotFound(t, admin.Post(migration, run(migrationTo(kit.FleetFR, 77777))), "sim with id 77777 not found")
				wantNotFound(t, admin.Post(migration, run(migrationOfICCIDs(kit.FleetFR, kit.ICCID(kit.DeletedSIM), kit.ICCID(kit.IssuedSIM), kit.ICCID(kit.SIMElsewhere)))),
					"sim with iccid 8988303000000000255 not found", "sim with iccid 8988303000000000256 not found")
			}
		})
	})
}

func TestContract_TargetHidden(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		user := s.As("target@example.com")
		for _, run := range []func(object) object{realRun, func(o object) object { return o }} {
			wantNotFound(t, admin.Post(migration, run(migrationTo(999999, kit.IssuedSIM))), "workspace with id 999999 not found")
			wantNotFound(t, admin.Post(migration, run(migrationTo(kit.Elsewhere, kit.IssuedSIM))), "workspace with id 900 not found")
			wantNotFound(t, user.Post(migration, run(migrationTo(kit.FleetDE, kit.SIMInFR))), "workspace with id 100 not found")
		}
	})
}

func TestContract_AllSources(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		// The token's Workspace is 100; SIM 260 is in 200 and 252 in 100.
		got := wantMigration(t, admin.Post(migration, migrationTo(kit.FleetUS, kit.SIMInFR, kit.IssuedSIM)), kit.SIMInFR, kit.IssuedSIM)
		if diff := cmp.Diff([]api.MigrationSIM{ferrySIMs[kit.SIMInFR], ferrySIMs[kit.IssuedSIM]}, got.SIMs); diff != "" {
			t.Error(diff)
		}
		done := admin.Post(migration, realRun(migrationTo(kit.FleetUS, kit.SIMInFR, kit.IssuedSIM))).Is(http.StatusOK)
		entry := decodeBody[api.Migration](t, admin.Get(done.Header.Get("Location")), http.StatusOK)
		if diff := cmp.Diff([]api.SourceCount{{ID: kit.FleetDE, Name: "Fleet DE", SIMCount: 1, Authority: "role"}, {ID: kit.FleetFR, Name: "Fleet FR", SIMCount: 1, Authority: "role"}}, entry.SourceWorkspaces); diff != "" {
			t.Error(diff)
		}
		// A member of the source who does not administer it gets conflict 1504, not a 404: members
		// may see the SIM.
		wantConflict(t, s.As("target@example.com").Post(migration, migrationTo(kit.FleetFR, kit.ActivatedSIM)), conflictReason{1504, []int64{kit.ActivatedSIM}})
		s.CheckInvariants()
	})
}

func TestContract_AllowedStatuses(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		_, admin := startFerry(t, e)
		only := func(list any) object {
			return withProperty(migrationTo(kit.FleetFR, kit.IssuedSIM, kit.SuspendedSIM), "allowed_sim_statuses", list)
		}
		wantBadRequest(t, admin.Post(migration, only([]object{})), "allowed_sim_statuses: the list is empty")
		for _, id := range []any{5, -1, 256, 1 << 40} {
			wantBadRequest(t, admin.Post(migration, only([]object{{"id": 0}, {"id": id}})), fmt.Sprintf("allowed_sim_statuses[1].id: %v is not a status of a SIM", id))
		}
		wantBadRequest(t, admin.Post(migration, only([]object{{}})), "allowed_sim_statuses[0].id: it is required")
		if got := wantMigration(t, admin.Post(migration, only(nil)), kit.IssuedSIM, kit.SuspendedSIM); got.AllowedSIMStatuses != nil {
			t.Errorf("allowed statuses: %+v", got.AllowedSIMStatuses)
		}
		got := wantMigration(t, admin.Post(migration, only([]object{{"id": 2}, {"id": 0}})), kit.IssuedSIM, kit.SuspendedSIM)
		if diff := cmp.Diff([]api.Ref{{ID: 2, Description: "Suspended"}, {ID: 0, Description: "Issued"}}, got.AllowedSIMStatuses); diff != "" {
			t.Error(diff)
		}
		wantConflict(t, admin.Post(migration, only([]object{{"id": 0}})), conflictReason{1503, []int64{kit.SuspendedSIM}})
	})
}

func TestContract_DryRunBoolean(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		t.Helper()
		s, admin := startFerry(t, e)
		s.Untouched("a dry_run that is not a boolean", func() {
			for _, value := range []any{"false", "true", 0, 1, nil, []bool{false}, object{}} {
				for _, name := range []string{"dry_run", "auto_detach_devices"} {
					o := realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))
					admin.Post(migration, withProperty(o, name, value)).Is(http.StatusBadRequest)
				}
			}
			if got := wantMigration(t, admin.Post(migration, migrationTo(kit.FleetFR, kit.IssuedSIM)), kit.IssuedSIM); !got.DryRun {
				t.Error("without dry_run it was a real run")
			}
			if got := wantMigration(t, admin.Post(migration, withProperty(migrationTo(kit.FleetFR, kit.IssuedSIM), "dry_run", true)), kit.IssuedSIM); !got.DryRun {
				t.Error("with dry_run it was a real run")
			}
		})
		if got := wantMigration(t, admin.Post(migration, realRun(migrationTo(kit.FleetFR, kit.IssuedSIM))), kit.IssuedSIM); got.DryRun {
			t.Error("dry_run was false, and the response is that of a dry run")
		}
	})
}
