package fleet_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// The committed table is the one that countries.csv gives.
func TestCountriesAreGenerated(t *testing.T) {
	t.Parallel()
	want, err := exec.CommandContext(t.Context(), "go", "run", "countries_gen.go").Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("country_table.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("country_table.go is not what countries.csv gives: run go generate ./internal/fleet")
	}
}
