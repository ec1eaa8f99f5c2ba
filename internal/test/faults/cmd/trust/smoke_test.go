package main

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/faults"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := faults.RemovePrograms(); err != nil {
		panic(err)
	}
	os.Exit(code) //nolint:forbidigo // here it is main
}

// ordinary lists harnesses that CI runs as ordinary tests: model, linear and fuzz are tests,
// and bugs runs them all again. upgrade needs the history, which a shallow clone lacks.
var ordinary = []string{"model", "linear", "fuzz", "bugs", "upgrade"}

// TestHarnessesWork runs each harness at its smallest size and without its control. Whether it
// did enough work is not checked, because CI machines are busy.
func TestHarnessesWork(t *testing.T) {
	if os.Getenv("SIMFERRY_TRUST_SMOKE") == "" {
		t.Skip("run make trust-smoke: the test takes a minute and depends on timing")
	}
	for _, h := range harnesses {
		t.Run(h.Name, func(t *testing.T) {
			switch {
			case slices.Contains(ordinary, h.Name):
				t.Skip("CI has it as an ordinary test")
			case strings.HasPrefix(h.Name, "resources-disk") && os.Getuid() != 0:
				t.Skip("only root mounts a small disk")
			}
			res, err := h.Run(t.Context(), faults.Probe, 1)
			if errors.Is(err, os.ErrPermission) {
				t.Skipf("NOT CHECKED: %v", err) // a container whose root may not mount or trace
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range res.First {
				t.Error(f)
			}
			if res.Trials == 0 {
				t.Error("nothing was tried")
			}
			verdict, why := res.Judge(faults.Probe)
			t.Log(verdict, why, res.Trials, "trials")
		})
	}
}
