package gotest_test

import (
	"flag"
	"fmt"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/gotest"
)

// silentT is a test that records a failure without failing.
type silentT struct {
	*testing.T
	text string
}

func (o *silentT) Errorf(format string, args ...any) {
	o.text += "    some_test.go:1: " + fmt.Sprintf(format, args...) + "\n"
}

// A failure that happened once is reported with the seed of its check, even if it does not
// happen again: it may have been a race.
func TestFailureThatDoesNotRecurIsReported(t *testing.T) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil { // as in our own tests
		t.Fatal(err)
	}
	o, seen := silentT{T: t}, false
	rapid.Check(&o, func(rt *rapid.T) {
		if !seen {
			seen = true
			rt.Fatalf("the engines differ:\n-1\n+2")
		}
	})
	var res faults.Result
	if err := (gotest.Output{Text: o.text}).Judge(&res); err != nil {
		t.Fatal(err)
	}
	if want := regexp.MustCompile(`^seen once, and not again with -rapid\.seed=\d+: the engines differ:\n-1\n\+2$`); res.Failures != 1 || !want.MatchString(res.First[0]) {
		t.Errorf("got %q of\n%s", res.First, o.text)
	}
}
