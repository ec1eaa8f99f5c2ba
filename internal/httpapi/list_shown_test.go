package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/kit"
)

// shownList is a list together with where its items show the fields that it can be filtered by.
type shownList struct {
	path  string
	spec  fleet.ListSpec
	where map[string]string // the property of a field, if its name is another one
	not   []string          // fields that items do not show
}

var shownLists = []shownList{
	{"/api/v1/sim", fleet.SIMList, nil, []string{"eid", "satellite_capable"}},
	{"/api/v1/endpoint", fleet.DeviceList, map[string]string{"sim_status": "sim.status", "iccid": "sim.iccid", "imsi": "sim.imsi"}, []string{"iccid_with_luhn"}},
	{"/api/v1/service_profile", fleet.ProfileList, nil, nil},
	{"/api/v1/tariff_profile", fleet.ProfileList, nil, nil},
	{
		"/api/v1/event", fleet.EventList,
		map[string]string{"type": "event_type", "source": "event_source", "severity": "event_severity", "iccid": "sim.iccid"},
		[]string{"from", "until", "tags", "ip_address", "imei", "iccid_with_luhn", "imsi", "network", "rat", "country"},
	},
	{
		"/api/v1/migration", fleet.MigrationList, nil,
		[]string{"from", "until", "source_workspace", "sim", "iccid", "iccid_with_luhn", "reference", "job"}, // see TestContract_MigrationFilters and TestContract_LedgerOfAJob
	},
	{"/api/v1/user", fleet.UserList, nil, nil},
	{"/api/v1/audit", fleet.AuditList, map[string]string{"subject_type": "subject.type"}, nil},
	{"/api/v1/application_token", fleet.ApplicationTokenList, nil, nil},
}

// values returns the values that an item shows for a field, as a filter takes them.
func (l shownList) values(f fleet.ListField, item map[string]any) []string {
	path := f.Name
	if other := l.where[f.Name]; other != "" {
		path = other
	}
	var v any = item
	for _, name := range strings.Split(path, ".") {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	if object, ok := v.(map[string]any); ok {
		of := []any{object["id"]}
		if f.Kind == fleet.NameField {
			of = append(of, object["name"], object["username"])
		}
		return texts(of...)
	}
	if text, ok := v.(string); ok && f.Kind == fleet.TagField {
		return strings.Split(strings.ReplaceAll(text, " ", ""), ",")
	}
	return texts(v)
}

func texts(list ...any) (out []string) {
	for _, v := range list {
		if v != nil && v != "" {
			out = append(out, fmt.Sprint(v))
		}
	}
	return out
}

// matches reports whether a filter should find an item that shows these values.
func matches(f fleet.ListField, shown []string, wanted string) bool {
	if f.Name == "username" { // user names are in lower case and compare without regard to case
		wanted = strings.ToLower(wanted)
	}
	return slices.ContainsFunc(shown, func(v string) bool {
		return v == wanted || f.Kind == fleet.PrefixField && strings.HasPrefix(v, wanted)
	})
}

func items(c *kit.Client, query string) (all []map[string]any) {
	c.T.Helper()
	d := json.NewDecoder(strings.NewReader(string(c.Get(query).Is(http.StatusOK).Body)))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		c.T.Fatal(err)
	}
	return all
}

// TestFiltersMatchWhatIsShown filters every list by every value that its items show, and by
// texts that it hides: the filter finds exactly the items that show the value. A filter that
// compared something else would reveal it.
func TestFiltersMatchWhatIsShown(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := busy(t, e)
		admin := s.As("admin@example.com")
		admin.Patch(deviceURL(kit.DeviceWithSIM), fmt.Sprintf(`{"tags": "north, gas", "imei": "3531751012345600", "ip_address": "10.0.0.1", "sim": {"id": %d}}`, kit.ActivatedSIM)).Is(http.StatusNoContent)
		admin.Post("/api/v1/application_token", `{"expiry_date": "2026-12-24"}`).Is(http.StatusOK)
		s.As("user@example.com").Post("/api/v1/application_token", `{}`).Is(http.StatusForbidden) // refused: in the audit log
		admin.Post("/api/v2/user/invitation", `{"username": "stranger@example.com", "name": "Nick"}`).Is(http.StatusCreated)
		for _, workspace := range []int64{kit.FleetDE, kit.FleetFR} { // the user is deleted with the last membership
			admin.In(workspace).Do(http.MethodDelete, fmt.Sprintf("/api/v1/user/%d", kit.PlainUserID), nil).Is(http.StatusNoContent)
		}
		hidden := []string{"Stranger", "deleted user 4", "deleted user", "x"}
		for _, l := range shownLists {
			all := items(admin, l.path+"?per_page=50")
			if len(all) == 0 {
				t.Fatalf("%s is empty", l.path)
			}
			for _, f := range l.spec.Fields {
				if !slices.Contains(l.not, f.Name) {
					filterAsShown(t, admin, l, f, all, hidden)
				}
			}
		}
	})
}

func filterAsShown(t *testing.T, c *kit.Client, l shownList, f fleet.ListField, all []map[string]any, hidden []string) {
	t.Helper()
	var wanted []string
	for _, item := range all {
		wanted = append(wanted, l.values(f, item)...)
	}
	if len(wanted) == 0 && !f.Nullable {
		t.Errorf("%s: no item shows %s", l.path, f.Name)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	wanted = wanted[:min(len(wanted), 5)]
	if f.Kind == fleet.NameField || f.Kind == fleet.PrefixField || f.Kind == fleet.TextField && f.Values == nil {
		wanted = append(wanted, hidden...)
	}
	for _, v := range wanted {
		found := items(c, l.path+"?per_page=50&"+url.Values{"q": {f.Name + ":" + v}}.Encode())
		for _, item := range all {
			want := matches(f, l.values(f, item), v)
			got := slices.ContainsFunc(found, func(o map[string]any) bool { return o["id"] == item["id"] })
			if want != got {
				t.Errorf("%s?q=%s:%s: found is %v, want %v, for %v", l.path, f.Name, v, got, want, item)
				break
			}
		}
	}
}
