package world_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/world"
)

func allDevices(t testing.TB, list *world.DeviceList) (devices []fleet.Device, lines []int) {
	t.Helper()
	for d, err := range list.Devices() {
		if err != nil {
			t.Fatal(err)
		}
		devices, lines = append(devices, d.Device), append(lines, d.Line)
	}
	return devices, lines
}

func TestReadDevices(t *testing.T) {
	list, err := world.ReadDevices(from("\ufeffName;ID;Workspace;Status;Service_Profile;tariff_profile;tags;IMEI;imei_lock;ip_address;created\r\n" +
		"meter;7;100;Disabled;1;2;\"north; gas\";353175101234560;TRUE;2001:DB8::7;2021-11-18T09:25:53+01:00\r\n" +
		";;;;;;;;;;\r\n" +
		"\"Zähler, \"\"gas\"\"\";;;;;;;;;;\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	devices, lines := allDevices(t, list)
	want := []fleet.Device{
		{
			ID: 7, Workspace: 100, Name: "meter", Status: fleet.DeviceDisabled, ServiceProfile: 1, TariffProfile: 2, Tags: "north; gas",
			IMEI: "353175101234560", IMEILock: true, IPAddress: "2001:db8::7", Created: time.Date(2021, 11, 18, 8, 25, 53, 0, time.UTC),
		},
		{Name: `Zähler, "gas"`},
	}
	if diff := cmp.Diff(want, devices); diff != "" || list.Count != 2 || list.MaxID != 7 || lines[0] != 2 || lines[1] != 4 {
		t.Errorf("%d devices up to %d on lines %v (-want +got):\n%s", list.Count, list.MaxID, lines, diff)
	}
}

func TestReadDevicesRefuses(t *testing.T) {
	for text, want := range map[string][]string{
		"":              {"line 1: the file is empty: its first line must name the columns, such as id,workspace,name"},
		"id,colour\n":   {`line 1: unknown column "colour": known are id, workspace, name`},
		"id,name,id\n":  {`line 1: columns 1 and 3, "id" and "id", are both id`},
		"id,name\n1\n":  {"line 2: it has 1 values, the header names 2 columns: add or remove separators"},
		"id,name\n1,\"": {"line 2: a quotation mark is not closed"},
		"id\n3\n5\n3\n5\n3\n": {
			"line 4: id: 3 is on line 2 already: remove one of the two", "line 5: id: 5 is on line 3 already", "line 6: id: 3 is on line 2 already",
		},
		"id,status,imei,imei_lock,ip_address,created\n0,broken,123,yes,10.0.0,today\n": {
			`line 2: id: "0" is not a valid id`, `line 2: status: "broken" is unknown: write one of enabled, disabled, deleted`, `line 2: imei: "123" must be 14 to 16 digits`,
			`line 2: imei_lock: "yes" is neither true nor false`, `line 2: ip_address: "10.0.0" is not a valid IP address`, `line 2: created: "today" is not a valid date`,
		},
		"name\n" + strings.Repeat("x", 256) + "\n": {"line 2: name: at most 255 characters"},
		"imei\n3.5317510123456E+14\n":              {"a spreadsheet has rounded it"},
	} {
		_, err := world.ReadDevices(from(text))
		var refusal *fleet.Error
		if !errors.As(err, &refusal) || len(refusal.Problems) != len(want) {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for i, p := range refusal.Problems {
			if !strings.Contains(p.Message, want[i]) {
				t.Errorf("%q: %s, want %s", text, p.Message, want[i])
			}
		}
	}
}

// A written file reads back unchanged, and is written again unchanged.
func writeDevices(t testing.TB, devices []fleet.Device) string {
	t.Helper()
	var b bytes.Buffer
	w, err := world.NewDeviceWriter(&b)
	for _, d := range devices {
		if err == nil {
			err = w.Write(d)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func FuzzReadDevices(f *testing.F) {
	for _, s := range []string{
		"id,workspace,name,status\n1,100,meter,disabled\n", "ID;Tags\r\n7;\"a; b\"\r\n", "imei\timei_lock\tip_address\n353175101234560\ttrue\tfe80::1\n",
		"name\n\"a\"\"b,\"\n\n", "created\n2021-11-18\n", "id\n1\n1\n", "\xff\xfei\x00", "", "name\n\"",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := world.ReadDevices(func() (io.Reader, error) { return bytes.NewReader(text), nil })
		if err != nil {
			wantSoundError(t, err)
			return
		}
		ids, devices := set[fleet.DeviceID]{}, []fleet.Device{}
		read, _ := allDevices(t, list)
		for _, d := range read {
			if problems := d.Check(); len(problems) > 0 || d.ID < 0 || d.ID > 0 && !ids.add(d.ID) {
				t.Fatalf("%+v is invalid or occurs twice: %v", d, problems)
			}
			devices = append(devices, d)
		}
		written := writeDevices(t, devices)
		again, err := world.ReadDevices(from(written))
		if err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		back, _ := allDevices(t, again)
		if diff := cmp.Diff(devices, append([]fleet.Device{}, back...)); diff != "" {
			t.Fatalf("%q (-written +read):\n%s", written, diff)
		}
	})
}
