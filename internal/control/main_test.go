package control_test

import (
	"testing"

	"github.com/simferry/simferry/internal/testkit/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
