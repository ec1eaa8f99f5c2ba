package world_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/world"
)

var refusals = []struct {
	name, text string
	want       []string
}{
	{"unknown key", "sims:\n  - {id: 1, iccid: \"8988303000000000129\", workspace: 1, stauts: issued}\nsim: []", []string{
		"line 2: sims[0].stauts: unknown key: known are bic, device, eid, iccid, id, imsi, issuer, model, msisdn, production_date, reseller, status, workspace",
		"line 3: sim: unknown key: known are devices, models, profiles, sim_ranges, sims, users, workspaces",
	}},
	{"duplicate keys", "workspaces:\n  - id: 1\n    name: A\n    id: 2\nusers:\n  - id: 1\n    username: a@b.example\n    roles: {100: user,\n      \"100\": observer}\nworkspaces: []", []string{
		"line 4: workspaces[0].id: the key is already in line 2: remove one of the two",
		"line 9: users[0].roles.100: the key is already in line 8: remove one of the two",
		"line 10: workspaces: the key is already in line 1: remove one of the two",
	}},
	{"required keys", "workspaces: [{type: reseller}]\nusers: [{name: A}]\ndevices: [{id: ~}]\nsims: [{}]\nsim_ranges: [{}]\nprofiles: [{}]", []string{
		"line 1: workspaces[0].id: it is required: add it",
		"line 1: workspaces[0].name: it is required: add it",
		"line 2: users[0].id: it is required: add it",
		"line 2: users[0].username: it is required: add it",
		"line 3: devices[0].id: it is required: add it",
		"line 3: devices[0].workspace: it is required: add it",
		"line 4: sims[0].id: it is required: add it",
		"line 4: sims[0].iccid: it is required: add it",
		"line 4: sims[0].workspace: it is required: add it",
		"line 5: sim_ranges[0].first_id: it is required: add it",
		"line 5: sim_ranges[0].first_iccid: it is required: add it",
		"line 5: sim_ranges[0].count: it is required: add it",
		"line 5: sim_ranges[0].workspace: it is required: add it",
		"line 6: profiles[0].id: it is required: add it",
		"line 6: profiles[0].workspace: it is required: add it",
		"line 6: profiles[0].kind: it is required: add it",
		"line 6: profiles[0].name: it is required: add it",
	}},
	{"wrong types", "workspaces:\n  - id: \"1\"\n    name: 12\n  - 7\n  -\nusers:\n  - {id: 1.5, username: [a], password: 123456, superadmin: yes, roles: []}\nsims: {id: 1}\ndevices: 3", []string{
		"line 2: workspaces[0].id: it is text, not a whole number: write digits without quotes",
		"line 3: workspaces[0].name: it is a number, not text: put it in quotes",
		"line 4: workspaces[1]: it is a number: write key: value pairs",
		"line 5: workspaces[2]: it is empty: write key: value pairs",
		"line 7: users[0].password: it is a number, not text: put it in quotes",
		"line 7: users[0].superadmin: it is text: write true or false",
		"line 7: users[0].roles: it is a list: write key: value pairs",
		"line 7: users[0].id: it is a number, not a whole number: write digits without quotes",
		"line 7: users[0].username: it is a list, not text: put it in quotes",
		"line 8: sims: it is a mapping: write a list, each entry after a dash",
		"line 9: devices: it is a number: write a list, each entry after a dash",
	}},
	{"values of a device", "devices:\n- {id: 1, workspace: 1, imei: 123, imei_lock: maybe}\n- {id: 2, workspace: 1, ip_address: fe80::1%eth0, service_profile: x}", []string{
		"line 2: devices[0].imei: \"123\" must be 14 to 16 digits and nothing else",
		"line 2: devices[0].imei_lock: it is text: write true or false",
		"line 3: devices[1].ip_address: \"fe80::1%eth0\" is not a valid IP address: write it like 10.64.12.181 or 2001:db8::1",
		"line 3: devices[1].service_profile: it is text, not a whole number: write digits without quotes",
	}},
	{"ids", "devices:\n- {id: 0, workspace: 1}\n- {id: -3, workspace: 010}\n- {id: 9223372036854775808, workspace: 0x10}", []string{
		"line 2: devices[0].id: 0 is not allowed: write a whole number from 1 to 9223372036854775807",
		"line 3: devices[1].id: -3 is not allowed: write a whole number from 1 to 9223372036854775807",
		"line 3: devices[1].workspace: 010 is not allowed: write a whole number from 1 to 9223372036854775807",
		"line 4: devices[2].id: 9223372036854775808 is not allowed: write a whole number from 1 to 9223372036854775807",
		"line 4: devices[2].workspace: 0x10 is not allowed: write a whole number from 1 to 9223372036854775807",
	}},
	{"names and words", "workspaces:\n- {id: 1, name: \"\"}\n- {id: 2, name: \" \", type: Enterprise, status: closed, country: GER}\n- {id: 3, name: Nowhere, country: ZZ}\nusers:\n- {id: 1, username: Admin, name: \"a\\nb\", status: 1}\n- {id: 2, username: A <a@b.example>}\nprofiles: [{id: 1, workspace: 1, kind: data, name: X}]", []string{
		"line 2: workspaces[0].name: it is empty: fill it in or leave the key out",
		`line 3: workspaces[1].name: " " is not a name: write some text in one line`,
		`line 3: workspaces[1].type: "Enterprise" is unknown: write one of mno, service_provider, reseller, enterprise`,
		`line 3: workspaces[1].status: "closed" is unknown: write one of enabled, suspended`,
		`line 3: workspaces[1].country: "GER" is not a valid country: write the two letters of ISO 3166-1, such as DE`,
		`line 4: workspaces[2].country: "ZZ" is not a valid country: write the two letters of ISO 3166-1, such as DE`,
		`line 6: users[0].username: "Admin" is not a username: write an e-mail address, such as admin@example.com`,
		`line 6: users[0].name: "a\nb" contains the control character U+000A: remove it, and write some text in one line`,
		"line 6: users[0].status: it is a number: write one of activation_pending, active, suspended",
		`line 7: users[1].username: "A <a@b.example>" is not a username: write an e-mail address, such as admin@example.com`,
		`line 8: profiles[0].kind: "data" is unknown: write one of service, tariff`,
	}},
	{"roles", "users:\n- id: 1\n  username: a@b.example\n  default_workspace: 9\n  roles:\n    1: superadmin\n    x: observer\n    2: member\n    3:\n    4: 1\n    5: user", []string{
		"line 2: users[0].default_workspace: the user has no role in Workspace 9: give it one under roles",
		"line 6: users[0].roles.1: superadmin is not a role of a single Workspace: write superadmin: true beside roles",
		"line 7: users[0].roles.x: the key is not a Workspace id: write a whole number from 1",
		`line 8: users[0].roles.2: "member" is unknown: write one of administrator, user, observer`,
		"line 9: users[0].roles.3: it has no role: write one of administrator, user, observer",
		"line 10: users[0].roles.4: it is a number: write one of administrator, user, observer",
	}},
	{"numbers of a SIM", "sims:\n- {id: 1, iccid: 8.98E+18, workspace: 1}\n- {id: 2, iccid: \"8,98E+18\", imsi: 2.95e14, workspace: 1}\n- {id: 3, iccid: 89883030000067385938, workspace: 1}\n- {id: 4, iccid: \"898830\", imsi: 12345, msisdn: \"+4915112345\", eid: \"89\", production_date: 18.11.2021, workspace: 1}\n- {id: 5, iccid: 8988303000000000129.5, workspace: 1}", []string{
		`line 2: sims[0].iccid: "8.98E+18": a spreadsheet has rounded it, and its last digits are lost: format the column as text, fill in the numbers again and save`,
		`line 3: sims[1].iccid: "8,98E+18": a spreadsheet has rounded it, and its last digits are lost: format the column as text, fill in the numbers again and save`,
		`line 3: sims[1].imsi: "2.95e14": a spreadsheet has rounded it, and its last digits are lost: format the column as text, fill in the numbers again and save`,
		`line 4: sims[2].iccid: "89883030000067385938" has 20 digits and its last is not the check digit of the first 19 (that would be 7)`,
		`line 5: sims[3].iccid: "898830" is not a valid ICCID: it has 6 digits, not 19`,
		`line 5: sims[3].eid: "89" must be exactly 32 digits`,
		`line 5: sims[3].imsi: "12345" must be 6 to 15 digits and nothing else`,
		`line 5: sims[3].msisdn: "+4915112345" must be 3 to 15 digits and nothing else`,
		`line 5: sims[3].production_date: "18.11.2021" is not a valid date: write 2021-11-18 or 2021-11-18T08:25:53Z`,
		`line 6: sims[4].iccid: "8988303000000000129.5" is not a valid ICCID: it must be exactly 19 digits`,
	}},
	{"duplicates", "workspaces:\n- {id: 1, name: A}\n- {id: 1, name: B}\nusers:\n- {id: 1, username: a@b.example}\n- {id: 2, username: A@B.example}\nprofiles:\n- {id: 1, workspace: 1, kind: tariff, name: A}\n- {id: 1, workspace: 2, kind: service, name: B}\n- {id: 1, workspace: 2, kind: tariff, name: C}", []string{
		"line 3: workspaces[1].id: 1 is taken by workspaces[0] (line 2): each needs its own",
		"line 6: users[1].username: a@b.example is taken by users[0] (line 5): each needs its own",
		"line 10: profiles[2].id: 1 is taken by profiles[0] (line 8): each needs its own",
	}},
	{"circles of parents", "workspaces:\n- {id: 1, name: A, parent: 1}\n- {id: 2, name: B, parent: 3}\n- {id: 3, name: C, parent: 4}\n- {id: 4, name: D, parent: 3}", []string{
		"line 2: workspaces[0].parent: Workspace 1 is its own ancestor: break the circle of parents",
		"line 4: workspaces[2].parent: Workspace 3 is its own ancestor: break the circle of parents",
	}},
	{"devices", "devices:\n- {id: 1, workspace: 100}\n- {id: 2, workspace: 100, status: deleted}\nsims:\n- {id: 1, iccid: \"8988303000000000001\", workspace: 200, device: 1}\n- {id: 2, iccid: \"8988303000000000002\", workspace: 100, device: 1}\n- {id: 3, iccid: \"8988303000000000003\", workspace: 100, device: 2}\n- {id: 4, iccid: \"8988303000000000004\", workspace: 100, status: deleted, device: 5}", []string{
		"line 5: sims[0].device: device 1 is in Workspace 100 and the SIM in 200: put both into the same",
		"line 6: sims[1].device: 1 is taken by sims[0] (line 5): each needs its own",
		"line 7: sims[2].device: device 2 is deleted: leave it out",
		"line 8: sims[3].device: the SIM is deleted: leave the device out",
	}},
	{"ICCIDs and ids of SIMs and ranges", "sim_ranges:\n- {first_id: 1000, first_iccid: \"8988303000000001000\", count: 1000000, workspace: 1}\n- {first_id: 500, first_iccid: \"8988303000000900000\", count: 501, workspace: 1}\nsims:\n- {id: 1500, iccid: \"8988303000000001000\", workspace: 1}\n- {id: 1, iccid: \"0000000000000000000\", workspace: 1}\n- {id: 1, iccid: \"0000000000000000000\", workspace: 1}", []string{
		"line 3: sim_ranges[1].first_id: 500 to 1000 collides with sim_ranges[0] (line 2): each SIM needs its own id",
		"line 3: sim_ranges[1].first_iccid: 8988303000000900000 to 8988303000000900500 collides with sim_ranges[0] (line 2): each SIM needs its own ICCID",
		"line 5: sims[0].id: 1500 collides with sim_ranges[0] (line 2): each SIM needs its own id",
		"line 5: sims[0].iccid: 8988303000000001000 collides with sim_ranges[0] (line 2): each SIM needs its own ICCID",
		"line 7: sims[2].id: 1 collides with sims[1] (line 6): each SIM needs its own id",
		"line 7: sims[2].iccid: 0000000000000000000 collides with sims[1] (line 6): each SIM needs its own ICCID",
	}},
	{"IMSIs of ranges", "sim_ranges:\n- {first_id: 1, first_iccid: \"8988999999999999990\", count: 100, workspace: 1}\n- {first_id: 1000, first_iccid: \"8901000000000000050\", count: 100, workspace: 1}", []string{
		"line 3: sim_ranges[1].first_iccid: 000000000000050 to 000000000000149 collides with sim_ranges[0] (line 2): each SIM needs its own IMSI, which is the last 15 digits of the ICCID",
	}},
	{"ends of a range", "sim_ranges:\n- {first_id: 9223372036854775807, first_iccid: 9999999999999999999, count: 2, workspace: 1}\n- {first_id: 1, first_iccid: 1, count: 10000001, workspace: 1}", []string{
		"line 2: sim_ranges[0].count: 2 ids from 9223372036854775807 on exceed 64 bits: start lower",
		"line 2: sim_ranges[0].count: 2 numbers from 9999999999999999999 on exceed the 19 digits of an ICCID: start lower",
		`line 3: sim_ranges[1].first_iccid: "1" is not a valid ICCID: it has 1 digits, not 19`,
		"line 3: sim_ranges[1].count: 10000001 is not allowed: write a whole number from 1 to 10000000",
	}},
	{"no mapping", "- {id: 1}", []string{"line 1: the file: it is a list: write key: value pairs"}},
	{"invalid YAML", "sims:\n  - {id: 1", []string{"line 2: it is not valid YAML: could not find flow mapping end token '}'"}},
	{"two documents", "sims: []\n---\nsims: []", []string{"line 2: a second document starts here: remove the ---, because a world file has only one"}},
	{"anchor", "sims: []\nusers: &u []", []string{"line 2: anchors (&) are not supported: write the value out, in quotes if it is text"}},
	{"tag", "sims: !!seq []", []string{"line 1: tags (!) are not supported: write the value out, in quotes if it is text"}},
	{"block text", "workspaces:\n- id: 1\n  name: |\n    A", []string{"line 3: block texts (|) are not supported: write the value out, in quotes if it is text"}},
	{"not UTF-8", "# ok\n# M\xfcnchen", []string{"line 2: it is not UTF-8: save the file in that encoding"}},
	{"nested brackets", "sims: " + strings.Repeat("[", 50_000), []string{"line 1: lists and mappings are nested more than 16 deep: the format needs no more than 4"}},
	{"nested dashes", "sims:\n" + strings.Repeat("- ", 50_000), []string{"line 2: lists and mappings are nested more than 16 deep: the format needs no more than 4"}},
	{"endless mapping", strings.Repeat("a: 1\n", 50_000), []string{"line 10001: there are more than 10000 keys without a dash: write a list, each entry after a dash"}},
	{"key with a line break", `{"a\nb": 1}`, []string{`line 1: "a\nb": unknown key: known are devices, models, profiles, sim_ranges, sims, users, workspaces`}},
}

func TestRefused(t *testing.T) {
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			w, err := world.Parse(strings.NewReader(test.text))
			if w != nil {
				t.Errorf("a refused file yields %+v", w)
			}
			wantRefusal(t, err, test.want...)
		})
	}
}

func TestManyProblems(t *testing.T) {
	_, err := world.Parse(strings.NewReader("devices:\n" + strings.Repeat("- {id: 0, workspace: 1}\n", 60)))
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprintf("line %d: devices[%d].id: 0 is not allowed: write a whole number from 1 to 9223372036854775807", i+2, i))
	}
	wantRefusal(t, err, append(want, "and 10 more problems: fix these first")...)
	const headline = "line 2: devices[0].id: 0 is not allowed: write a whole number from 1 to 9223372036854775807 (60 problems in all)"
	if err.Error() != headline {
		t.Errorf("got %q, want %q", err, headline)
	}
}

// TestBrokenYAMLIsNotQuoted breaks the syntax around a secret in many ways: no error repeats it.
func TestBrokenYAMLIsNotQuoted(t *testing.T) {
	for _, form := range []string{
		"%s: |s3cret", "%s: >s3cret", "%s: |1s3cret", "%s: |s3cret\n  x", "%s: \"s3cret", "%s: 's3cret", "%s: [s3cret", "%s: {s3cret", "%s: !s3cret x", "%s: *s3cret",
		"%s: &s3cret x", "%s: s3cret: x", "%s:\ts3cret", "%s: @s3cret", "%s: `s3cret", "%s: %%s3cret", "%s: x\n  s3cret: y", "%s: \"s3cret\\x\"", "%s: \"a\" s3cret",
		"%s: {s3cret: 1}", "%s: [s3cret]", "%s: \"s3cret\\uZZZZ\"", "%s: s3cret\x00", "%s: - s3cret",
	} {
		_, err := world.Parse(strings.NewReader("users:\n- " + strings.ReplaceAll(fmt.Sprintf(form, "password"), "\n", "\n  ")))
		if err == nil {
			continue // valid YAML
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", form, err)
		}
	}
}
