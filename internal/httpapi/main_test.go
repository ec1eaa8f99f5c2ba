package httpapi_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/simferry/simferry/internal/test/contract"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) {
	pgtest.Main(m)
	if testing.Verbose() {
		_, _ = fmt.Fprintln(os.Stdout, "\ncontract coverage, operation x status:")
		if _, err := contract.Total().WriteTo(os.Stdout); err != nil {
			panic(err)
		}
	}
}
