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
		t.Errorf("found %q, want three faults", got)
	}
}

// Two methods open what their packages otherwise keep to themselves: Control.Store for the
// rules of the operator, and Tx.Reader for fsck. No other package calls them: a rule of an API
// checks the Principal first, and statements are methods of Tx.
func TestBackDoorsHaveOneUser(t *testing.T) {
	t.Parallel()
	t.Run("Store", func(t *testing.T) { onlyIn(t, `\.Store\(\)`, "../../operator") })
	t.Run("Reader", func(t *testing.T) { onlyIn(t, `\.Reader\(\)`, "../../store/fsck") })
}

// onlyIn requires that calls of a method are in one package only.
func onlyIn(t *testing.T, method, room string) {
	t.Helper()
	call := regexp.MustCompile(method)
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
		if seen++; folder != room {
			t.Errorf("%s has a call that only %s may have", path, room)
		}
		return nil
	})
	if err != nil || seen == 0 {
		t.Errorf("found %d calls, %v; want at least one", seen, err)
	}
}
