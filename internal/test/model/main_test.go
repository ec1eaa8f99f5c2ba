package model_test

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
)

// steps returns the average length of one check: long enough for SIMs to travel far, and, in a
// long run, for more to happen than that databases are made.
func steps() int { return min(3000, max(300, wanted()/100)) }

// usualSeed is the seed of every run in CI: a change must not fail because of a fault that an
// earlier one overlooked. make trust draws others.
const usualSeed = 20261122

// TestMain sets the sizes of a run in CI, unless the command line has its own.
func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range map[string]string{
		"rapid.steps":      strconv.Itoa(steps()),
		"rapid.checks":     strconv.Itoa(max(1, wanted()/steps())),
		"rapid.seed":       strconv.Itoa(usualSeed),
		"rapid.nofailfile": "true", // the seed is enough, and the tree stays clean
	} {
		if !given[name] {
			set(name, value)
		}
	}
	pgtest.Main(m)
	if file := templates[kit.SQLite].url; file != "" {
		if err := os.RemoveAll(filepath.Dir(file)); err != nil {
			panic(err)
		}
	}
}

// wanted returns how many actions a run has at least.
func wanted() int { return sizeFrom("SIMFERRY_MODEL_ACTIONS", 5000) }

func set(name, value string) {
	if err := flag.Set(name, value); err != nil {
		panic(err)
	}
}

func setting(name string) string { return flag.Lookup(name).Value.String() }

// sizeFrom reads a size from the environment.
func sizeFrom(name string, usual int) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return usual
	}
	return n
}
