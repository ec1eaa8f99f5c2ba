package world_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/world"
)

func TestExample(t *testing.T) {
	text, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &world.World{
		Workspaces: []fleet.Workspace{
			{ID: 1, Name: "Ferry Connect", Type: fleet.MobileNetworkOperator},
			{ID: 100, Name: "Fleet DE", Type: fleet.Enterprise, Country: "DE", Parent: 1},
			{ID: 200, Name: "Fleet FR", Type: fleet.Enterprise, Country: "FR", Parent: 1},
		},
		Users: []world.User{{
			User:     fleet.User{ID: 1, Username: "admin@example.com", Name: "Fleet admin", Status: fleet.UserActive, DefaultWorkspace: 100},
			Password: "correct horse",
			Roles:    map[fleet.WorkspaceID]fleet.Role{100: fleet.Administrator, 200: fleet.Observer},
		}, {
			User:       fleet.User{ID: 2, Username: "operator@example.com", Name: "operator@example.com", Status: fleet.UserActive},
			Password:   "12345678",
			SuperAdmin: true,
		}},
		Devices: []fleet.Device{{ID: 9001, Workspace: 100, Name: "tracker-7", Tags: "north, meter", IMEI: "353175101234560", IPAddress: "10.64.12.181", ServiceProfile: 1, TariffProfile: 1}},
		SIMs: []fleet.SIM{{
			ID: 250, ICCID: "8988303000000000129", EID: "89033023422130000000000199887766", IMSI: "295050999900095", MSISDN: "423663999900095",
			Status: fleet.SIMActivated, Workspace: 100, Issuer: 1, Reseller: 1, Device: 9001, Model: 2,
			Produced: time.Date(2021, 11, 18, 0, 0, 0, 0, time.UTC),
		}, {
			ID: 251, ICCID: "8988303000006738593", Workspace: 200,
		}},
		Ranges: []world.SIMRange{
			{FirstID: 100000, FirstICCID: "8988303000000100000", Count: 10000, Workspace: 100, Issuer: 1, Model: 1},
			{FirstID: 200000, FirstICCID: "8988303000000200000", Count: 500, Workspace: 1, Issuer: 1, BIC: "1234567890123456"},
		},
		Profiles: []fleet.Profile{{ID: 1, Workspace: 100, Kind: fleet.ServiceProfile, Name: "Default"}, {ID: 1, Workspace: 100, Kind: fleet.TariffProfile, Name: "Default"}},
		Models: []fleet.Model{{
			ID: 2, Description: "Industrial MFF2", MemorySize: 256,
			FormFactor: fleet.ModelPart{ID: 4, Name: "MFF2"}, Manufacturer: fleet.ModelPart{ID: 7, Name: "Ferry Cards"},
		}},
	}
	if diff := cmp.Diff(want, mustParse(t, string(text))); diff != "" {
		t.Error(diff)
	}
}

func TestJSONIsYAML(t *testing.T) {
	w := mustParse(t, `{"workspaces":[{"id":100,"name":"A","parent":null,"status":"suspended"}],
		"users":[{"id":1,"username":"a@b.example","roles":{"100":"user"}}],
		"sims":[{"id":1,"iccid":"89883030000067385937","workspace":100}],"devices":null,"profiles":[]}`)
	want := &world.World{
		Workspaces: []fleet.Workspace{{ID: 100, Name: "A", Type: fleet.Enterprise, Status: fleet.WorkspaceSuspended}},
		Users: []world.User{{
			User:  fleet.User{ID: 1, Username: "a@b.example", Name: "a@b.example", Status: fleet.UserActive},
			Roles: map[fleet.WorkspaceID]fleet.Role{100: fleet.Member},
		}},
		SIMs: []fleet.SIM{{ID: 1, ICCID: "8988303000006738593", Workspace: 100}},
	}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Error(diff)
	}
}

func TestAccepted(t *testing.T) {
	tests := map[string]string{
		"nothing":                       "",
		"comments only":                 "# to be filled in\n",
		"empty sections":                "sims:\nusers: []\nprofiles: ~\n",
		"byte order mark and CRLF":      "\ufeffsims:\r\n  - {id: 1, iccid: \"8988303000000000129\", workspace: 5}\r\n",
		"one document marker":           "---\nsims: []\n...\n",
		"references outside the file":   "sims: [{id: 1, iccid: \"8988303000000000129\", workspace: 5, device: 77}]\nprofiles: [{id: 1, workspace: 9, kind: tariff, name: X}]",
		"Norway is a country":           "workspaces: [{id: 1, name: Oslo, country: NO}]",
		"neighbouring ranges":           "sim_ranges: [{first_id: 1, first_iccid: 8988303000000100000, count: 10, workspace: 1}, {first_id: 11, first_iccid: 8988303000000100010, count: 10, workspace: 1}]",
		"the last ICCID there is":       "sim_ranges: [{first_id: 1, first_iccid: 9999999999999999990, count: 10, workspace: 1}]",
		"a range over the end of IMSIs": "sim_ranges: [{first_id: 1, first_iccid: 8988999999999999999, count: 10, workspace: 1}]",
		"a chain of parents":            "workspaces: [{id: 1, name: A, parent: 2}, {id: 2, name: B, parent: 3}, {id: 3, name: C, parent: 9}]",
		"default of a superadmin":       "users: [{id: 1, username: a@b.example, superadmin: true, default_workspace: 7, roles: {8: observer}}]",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) { mustParse(t, text) })
	}
}

// An unquoted number is read digit by digit, because the syntax tree keeps its text.
func TestUnquotedDigitsStayExact(t *testing.T) {
	w := mustParse(t, "sims: [{id: 1, iccid: 9999999999999999999, imsi: 001010123456789, msisdn: 0049, workspace: 1},"+
		" {id: 2, iccid: 0000000000000000017, workspace: 1}, {id: 3, iccid: 89883030000067385937, workspace: 1}]")
	want := []fleet.SIM{
		{ID: 1, ICCID: "9999999999999999999", IMSI: "001010123456789", MSISDN: "0049", Workspace: 1},
		{ID: 2, ICCID: "0000000000000000017", Workspace: 1},
		{ID: 3, ICCID: "8988303000006738593", Workspace: 1},
	}
	if diff := cmp.Diff(want, w.SIMs); diff != "" {
		t.Error(diff)
	}
}

func TestReadFailureIsNotARefusal(t *testing.T) {
	failure := errors.New("disk on fire")
	if _, err := world.Parse(iotest.ErrReader(failure)); !errors.Is(err, failure) || fleet.CodeOf(err) != 0 {
		t.Errorf("got %v", err)
	}
}

func TestTooLarge(t *testing.T) {
	_, err := world.Parse(strings.NewReader(strings.Repeat("#", world.MaxSize+1)))
	if fleet.CodeOf(err) != fleet.TooLarge || !strings.Contains(err.Error(), "sim_ranges") {
		t.Errorf("got %v", err)
	}
}
