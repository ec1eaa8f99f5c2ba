package cli_test

import (
	"os"
	"testing"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// TestMain keeps the memory limit of `serve` away from the test process: the tests call commands in
// this process, and what they leave in memory exceeds the limit of a server. Garbage collection
// then took four fifths of the processor time.
func TestMain(m *testing.M) {
	if err := os.Setenv("GOMEMLIMIT", "off"); err != nil {
		panic(err)
	}
	pgtest.Main(m)
}
