package pgtest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
)

// MinVersion is the oldest PostgreSQL that is served, and so that the tests take.
const MinVersion = 14

const advice = `no PostgreSQL for the tests: run .ci/setup, which finds or installs what the tests need,
or install PostgreSQL's server programs, version %d or newer (Debian, Ubuntu: apt-get install postgresql;
macOS: brew install postgresql@17), or set SIMFERRY_TEST_POSTGRES to the URL of a superuser`

// programs returns the directory of initdb and postgres, looked up once per process.
var programs = sync.OnceValues(func() (string, error) {
	if dir, ok := findPrograms(); ok {
		return dir, nil
	}
	return "", fmt.Errorf(advice, MinVersion)
})

// findPrograms prefers PATH, where the developer's own choice is, to Debian's newest. What
// is on PATH may be links to some of the programs: where they lead, there are all.
func findPrograms() (string, bool) {
	candidates := debianPrograms()
	if path, err := exec.LookPath("initdb"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
		candidates = slices.Insert(candidates, 0, filepath.Dir(path))
	}
	for _, dir := range candidates {
		if _, err := exec.LookPath(filepath.Join(dir, "postgres")); err == nil && version(dir) >= MinVersion {
			return dir, true
		}
	}
	return "", false
}

// debianPrograms returns the directories of the installed versions, newest first.
func debianPrograms() []string {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil
	}
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	return dirs
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// version returns the major version of the initdb in dir, 0 if none runs.
func version(dir string) int {
	out, err := exec.CommandContext(context.Background(), filepath.Join(dir, "initdb"), "--version").Output()
	if err != nil {
		return 0
	}
	found := versionPattern.FindSubmatch(out)
	if found == nil {
		return 0
	}
	major, err := strconv.Atoi(string(found[1]))
	if err != nil {
		return 0
	}
	return major
}

// inheritedEnv returns what a server program sees of our environment: no PG* variable, which
// would change its defaults, and messages in English, because we read them.
func inheritedEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}
