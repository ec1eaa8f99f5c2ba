package arch_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/test/arch"
)

// Every path in the rules is a package of the module, or a folder of packages if it ends in
// /..., and every permitted import is used somewhere.
func TestRulesNameExistingPackages(t *testing.T) {
	t.Parallel()
	packages, err := arch.Load(t.Context(), "../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range arch.Unknown(packages, arch.Rules) {
		t.Error(fault)
	}
	rules := map[string]arch.Rule{"internal/fleet": {}, "internal/gone": {}, "internal/operator": {Imports: []string{"internal/fleet", "internal/lost/..."}, Tests: []string{"internal/lost"}}}
	if got := arch.Unknown(packages, rules); len(got) != 3 {
		t.Errorf("of three faults it finds %q", got)
	}
}

// Only the rules of the operator reach the store through Control: every rule of an API checks
// the Principal first.
func TestOnlyTheOperatorUsesTheStoreOfControl(t *testing.T) {
	t.Parallel()
	call := regexp.MustCompile(`\.Store\(\)`)
	seen := 0
	err := filepath.WalkDir("../..", func(path string, _ os.DirEntry, err error) error {
		folder := filepath.ToSlash(filepath.Dir(path))
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(folder, "../../test") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !call.Match(text) {
			return err
		}
		if seen++; folder != "../../operator" {
			t.Errorf("%s calls Store(): only internal/operator may", path)
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Errorf("it has found %d calls, %v", seen, err)
	}
}
