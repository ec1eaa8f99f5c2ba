package console_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) {
	pgtest.Main(m)
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" || testing.Short() {
		return // some of the tests that look at pages were not run
	}
	if unseen := looked.unseen(); len(unseen) > 0 {
		panic("no test looks at these pages at every width, in light and dark: " + strings.Join(unseen, ", "))
	}
}
