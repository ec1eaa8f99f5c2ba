package fleet_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

func TestStatusTransitions(t *testing.T) {
	may := map[[2]fleet.SIMStatus]bool{
		{fleet.SIMIssued, fleet.SIMActivated}:      true,
		{fleet.SIMIssued, fleet.SIMFactoryTest}:    true,
		{fleet.SIMFactoryTest, fleet.SIMActivated}: true,
		{fleet.SIMActivated, fleet.SIMSuspended}:   true,
		{fleet.SIMSuspended, fleet.SIMActivated}:   true,
	}
	for from := fleet.SIMStatus(-1); from <= 5; from++ {
		for next := fleet.SIMStatus(-1); next <= 5; next++ {
			if got := from.MayBecome(next); got != may[[2]fleet.SIMStatus{from, next}] {
				t.Errorf("%s may become %s: %v", from, next, got)
			}
		}
	}
}

// A value that a filter has twice counts once, so that no list shows an item twice.
func TestFiltersCountValuesOnce(t *testing.T) {
	for _, q := range []string{"id:7|7|7.0", "verdict:refused|refused", "iccid:8988303000000000012|8988303000000000012"} {
		for _, spec := range []fleet.ListSpec{fleet.SIMList, fleet.JobSIMList, fleet.JobList} {
			l, err := fleet.ParseList(spec, q, "", "", "")
			if err == nil && len(l.Filters[0].Numbers)+len(l.Filters[0].Texts) != 1 {
				t.Errorf("%s: %+v", q, l.Filters[0])
			}
		}
	}
}

func TestKnownStatuses(t *testing.T) {
	for id := fleet.SIMStatus(-1); id <= 6; id++ {
		if got, want := id.Known(), id >= 0 && id <= 4; got != want {
			t.Errorf("status %d known: %v", int(id), got)
		}
	}
}

// TestClosedLists checks the API's ids and names, and the world file's keywords, against the
// contract.
func TestClosedLists(t *testing.T) {
	checkList(t, "SIM status", fleet.SIMStatuses, 0, "Issued", "Activated", "Suspended", "Deleted", "Factory Test")
	checkList(t, "device status", fleet.DeviceStatuses, 0, "Enabled", "Disabled", "Deleted")
	checkList(t, "user status", fleet.UserStatuses, 0, "Activation Pending", "Active", "Suspended")
	checkList(t, "Workspace status", fleet.WorkspaceStatuses, 0, "Enabled", "Suspended")
	checkList(t, "Workspace type", fleet.WorkspaceTypes, 1, "Mobile Network Operator", "Service Provider", "Reseller", "Enterprise")
	checkList(t, "role", fleet.Roles, 1, "Administrator", "User", "Observer", "SuperAdmin")
	checkList(t, "event source", fleet.EventSources, 0, "Network", "Policy Control", "API")
	checkList(t, "severity", fleet.Severities, 0, "Info", "Warn", "Critical")
}

func checkList[T ~int8](t *testing.T, kind string, list []fleet.Named[T], first T, names ...string) {
	t.Helper()
	for i, want := range names {
		if i >= len(list) || list[i].ID != first+T(i) || list[i].Name != want {
			t.Fatalf("%s %d is not %q in %v", kind, int(first)+i, want, list)
		}
	}
	if len(list) != len(names) {
		t.Errorf("%s: %d entries, want %d", kind, len(list), len(names))
	}
	for _, n := range list {
		if id, ok := fleet.ByKeyword(list, n.Keyword()); !ok || id != n.ID {
			t.Errorf("%s %q is found as %d, %v", kind, n.Keyword(), id, ok)
		}
	}
}

func TestKeywords(t *testing.T) {
	if got, want := fleet.Keywords(fleet.SIMStatuses), "issued, activated, suspended, deleted, factory_test"; got != want {
		t.Errorf("SIM statuses: %s", got)
	}
	if got, want := fleet.Keywords(fleet.WorkspaceTypes), "mno, service_provider, reseller, enterprise"; got != want {
		t.Errorf("Workspace types: %s", got)
	}
	for _, word := range []string{"", "Issued", "factory test", "nonsense"} {
		if id, ok := fleet.ByKeyword(fleet.SIMStatuses, word); ok {
			t.Errorf("keyword %q is status %s", word, id)
		}
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		got  interface{ String() string }
		want string
	}{
		{fleet.SIMFactoryTest, "Factory Test"},
		{fleet.SIMStatus(9), "9"},
		{fleet.DeviceDisabled, "Disabled"},
		{fleet.UserActive, "Active"},
		{fleet.WorkspaceSuspended, "Suspended"},
		{fleet.Enterprise, "Enterprise"},
		{fleet.Member, "User"},
		{fleet.EventMigration, "SIM migration"},
		{fleet.EventType(3), "Event type 3"},
	} {
		if got := test.got.String(); got != test.want {
			t.Errorf("%#v is %q, want %q", test.got, got, test.want)
		}
	}
}

func TestEventWords(t *testing.T) {
	for got, want := range map[string]string{
		fmt.Sprintf(fleet.StatusChangedWords, fleet.SIMIssued, fleet.SIMActivated): "Status of SIM changed from 'Issued' to 'Activated'",
		fmt.Sprintf(fleet.ReleasedWords, 3423335, 5749159):                         "SIM 3423335 released from endpoint 5749159",
		fmt.Sprintf(fleet.AssignedWords, 250, 11380016):                            "SIM 250 assigned to endpoint 11380016",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBestRole(t *testing.T) {
	for _, test := range []struct {
		roles []fleet.Role
		want  fleet.Role
	}{
		{nil, fleet.NoRole},
		{[]fleet.Role{fleet.NoRole}, fleet.NoRole},
		{[]fleet.Role{fleet.Observer}, fleet.Observer},
		{[]fleet.Role{fleet.Observer, fleet.Member}, fleet.Member},
		{[]fleet.Role{fleet.Member, fleet.Administrator, fleet.Observer}, fleet.Administrator},
		{[]fleet.Role{fleet.Administrator, fleet.SuperAdmin, fleet.Observer}, fleet.SuperAdmin},
		{[]fleet.Role{fleet.Administrator, fleet.NoRole}, fleet.Administrator},
	} {
		forth := fleet.Best(test.roles)
		back := slices.Clone(test.roles)
		slices.Reverse(back)
		if forth != test.want || fleet.Best(back) != test.want {
			t.Errorf("best of %v is %s, backwards %s; want %s", test.roles, forth, fleet.Best(back), test.want)
		}
	}
}

func TestOnlyAdministratorsAdminister(t *testing.T) {
	for role := fleet.NoRole; role <= fleet.SuperAdmin+1; role++ {
		want := role == fleet.Administrator || role == fleet.SuperAdmin
		if role.Administers() != want {
			t.Errorf("%s administers: %v", role, !want)
		}
	}
}

// A filter by one of few words refuses another word: an empty list would look like a result.
func TestFiltersRefuseUnknownWords(t *testing.T) {
	for filter, spec := range map[string]fleet.ListSpec{
		"state": fleet.JobList, "kind": fleet.JobList, "status": fleet.OfferList, "direction": fleet.OfferList, "outcome": fleet.AuditList,
	} {
		_, err := fleet.ParseList(spec, filter+":complete", "", "", "")
		if fleet.CodeOf(err) != fleet.BadQuery || !strings.Contains(err.Error(), filter+" takes ") || !strings.Contains(err.Error(), ` or `) {
			t.Errorf("%s: %v", filter, err)
		}
	}
	if _, err := fleet.ParseList(fleet.JobList, "state:running|paused,kind:undo", "", "", ""); err != nil {
		t.Error(err)
	}
	_, err := fleet.ParseList(fleet.AuditList, "action:sim.moved", "", "", "")
	if fleet.CodeOf(err) != fleet.BadQuery || !strings.Contains(err.Error(), "such as user.signed_in") {
		t.Errorf("action: %v", err)
	}
}

// openFields are the fields whose values are not a closed list: ids, texts of users, and dates.
var openFields = strings.Fields(`id iccid iccid_with_luhn imsi msisdn eid endpoint customer_org issuer_org reseller_org model name tags imei
	ip_address service_profile tariff_profile sim description organisation user username job reference target_workspace source_workspace
	application_token address request_id subject migration parent default_workspace network rat country`)

// Every list refuses a value that a field with a closed list of values does not have, and says
// which it has: an empty list would look like a result.
func TestFiltersRefuseUnknownValues(t *testing.T) {
	specs := map[string]fleet.ListSpec{
		"SIMs": fleet.SIMList, "devices": fleet.DeviceList, "profiles": fleet.ProfileList, "events": fleet.EventList, "migrations": fleet.MigrationList,
		"users": fleet.UserList, "audit log": fleet.AuditList, "application tokens": fleet.ApplicationTokenList, "jobs": fleet.JobList,
		"SIMs of a job": fleet.JobSIMList, "offers": fleet.OfferList, "SIMs of an offer": fleet.OfferSIMList, "receiving codes": fleet.ReceivingCodeList,
		"requests for SIMs": fleet.SIMRequestList, "inquiries": fleet.InquiryList,
		"operator's Workspaces": fleet.OperatorWorkspaceList, "operator's users": fleet.OperatorUserList,
	}
	for name, spec := range specs {
		for _, f := range spec.Fields {
			open := slices.Contains(openFields, f.Name) && (f.Name != "country" || f.Kind == fleet.NeverField)
			if f.NoFilter || open {
				continue
			}
			for _, unknown := range []string{"77777", "-1", "complete", "9223372036854775807"} {
				_, err := fleet.ParseList(spec, f.Name+":"+unknown, "", "", "")
				if fleet.CodeOf(err) != fleet.BadQuery || !strings.Contains(err.Error(), f.Name+" takes ") {
					t.Errorf("%s, %s:%s: %v", name, f.Name, unknown, err)
				}
			}
		}
	}
}

// Values that a closed list has are taken, with those of the vendor that Simferry never writes.
func TestFiltersTakeKnownValues(t *testing.T) {
	for q, spec := range map[string]fleet.ListSpec{
		"type:1|69|1001,source:0|2,severity:2.0": fleet.EventList, "subject_type:rule_set,actor:5,error_code:1104|4120": fleet.AuditList,
		"type:4,country:DE|FR": fleet.OperatorWorkspaceList, "verdict:not_found|done": fleet.JobSIMList, "state:gone": fleet.OfferSIMList,
		"status:0|1": fleet.UserList, "status:4,endpoint:null": fleet.SIMList,
	} {
		if _, err := fleet.ParseList(spec, q, "", "", ""); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
}

var subjectInCode = regexp.MustCompile(`(?:fleet\.Subject\(|AuditSubject\{Kind: )"([a-z_]+)"`)

// The audit log can be filtered by every kind of subject that an entry may have.
func TestAuditSubjects(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range subjectInCode.FindAllStringSubmatch(string(text), -1) {
			if found[m[1]] = true; !slices.Contains(fleet.AuditSubjects, m[1]) {
				t.Errorf("%s: add %q to fleet.AuditSubjects", path, m[1])
			}
		}
		return err
	})
	if err != nil || len(found) < 10 {
		t.Errorf("%d kinds in the code, %v", len(found), err)
	}
}
