package world_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/world"
)

func mustParse(t *testing.T, text string) *world.World {
	t.Helper()
	w, err := world.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatalf("Parse: %v\n%s", err, strings.Join(messages(t, err), "\n"))
	}
	return w
}

// messages returns the problems of an error; anything but a *fleet.Error fails the test.
func messages(t *testing.T, err error) []string {
	t.Helper()
	var refusal *fleet.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %T %v, want a *fleet.Error", err, err)
	}
	var list []string
	for _, p := range refusal.Problems {
		list = append(list, p.Message)
	}
	return list
}

func wantRefusal(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", want)
	}
	if diff := cmp.Diff(want, messages(t, err)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if code := fleet.CodeOf(err); code != fleet.ValidationFailed {
		t.Errorf("code %d, want %d", code, fleet.ValidationFailed)
	}
}
