package world_test

import (
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/world"
)

// Exports contain no formulas, and an import reads back what an export wrote.
func TestExportedNamesAreNotFormulas(t *testing.T) {
	names := []string{
		"=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠x", " =1", " x", "x ", "'x", "''", "'=1", "''=1", "'", "it's", "x=1", "a;b", `a"b`, "-",
	}
	var devices []fleet.Device
	for i, name := range names {
		devices = append(devices, fleet.Device{ID: fleet.DeviceID(i + 1), Name: name, Tags: name})
	}
	text := writeDevices(t, devices)
	for line := range strings.Lines(text) {
		for cell := range strings.SplitSeq(strings.TrimSpace(line), ",") {
			if c := strings.Trim(cell, `"`); c != "" && strings.ContainsAny(c[:1], "=+-@\t\r") {
				t.Errorf("%q is a formula", cell)
			}
			if strings.HasPrefix(cell, "＝") || strings.HasPrefix(cell, "＋") || strings.HasPrefix(cell, "－") || strings.HasPrefix(cell, "＠") {
				t.Errorf("%q is a formula", cell)
			}
		}
	}
	list, err := world.ReadDevices(from(text))
	if err != nil {
		t.Fatal(err)
	}
	back, _ := allDevices(t, list)
	for i, d := range back {
		if d.Name != names[i] || d.Tags != names[i] {
			t.Errorf("%q came back as %q, %q", names[i], d.Name, d.Tags)
		}
	}
}
