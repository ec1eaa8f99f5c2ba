package console_test

import (
	"testing"

	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
