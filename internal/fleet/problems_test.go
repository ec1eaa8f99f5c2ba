package fleet_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/simferry/simferry/internal/fleet"
)

// An error lists the problems by line, keeps the first ones and counts the rest.
func TestProblems(t *testing.T) {
	t.Parallel()
	var none fleet.Problems
	if err := none.Err(); err != nil {
		t.Errorf("without problems: %v", err)
	}
	p := fleet.Problems{Limit: 3}
	p.AddAt(7, fleet.Required, "a: it is %s", "empty")
	p.AddAt(2, fleet.OutOfRange, "b")
	p.AddAll("part", []fleet.Problem{{Code: fleet.NotAllowed, Message: "100%"}})
	p.Add(fleet.Duplicated, "left out")
	var e *fleet.Error
	if err := p.As(fleet.InUse); !errors.As(err, &e) {
		t.Fatal(err)
	}
	want := []fleet.Problem{
		{Code: fleet.NotAllowed, Message: "part: 100%"}, {Code: fleet.OutOfRange, Message: "line 2: b"},
		{Code: fleet.Required, Message: "line 7: a: it is empty"},
		{Code: fleet.ValidationFailed, Message: "and 1 more problems: fix these first"},
	}
	if !slices.Equal(e.Problems, want) || e.Code != fleet.InUse || e.Message != "part: 100% (4 problems in all)" || p.Total() != 4 {
		t.Errorf("got %d %q %v, %d in all", e.Code, e.Message, e.Problems, p.Total())
	}
}
