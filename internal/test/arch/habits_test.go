package arch_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Files that a maintained project has, beside those that other tests read.
var habits = []string{
	".editorconfig", ".devcontainer/devcontainer.json", ".github/CODEOWNERS", ".github/dependabot.yml",
	".github/pull_request_template.md", ".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/feature.yml",
	"CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "SECURITY.md",
}

func TestHabitsOfTheProject(t *testing.T) {
	for _, name := range habits {
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty: %v", name, err)
		}
	}
}

// uses is an action of a workflow with its version.
var uses = regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.+)$`)

// pinned is an action at a commit, with its version for readers and for Dependabot.
var pinned = regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)

// Workflows are valid YAML, run scripts that exist, and pin their actions: a tag can be moved.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github", "*", "*.yml"))
	if err != nil || len(files) < 4 {
		t.Fatalf("only %d files below .github: %v", len(files), err)
	}
	commits := make(map[string]string)
	for _, file := range append(files, filepath.Join(root, ".github", "dependabot.yml")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var content map[string]any
		if err := yaml.UnmarshalWithOptions(text, &content, yaml.Strict()); err != nil || len(content) == 0 {
			t.Errorf("%s: %v", file, err)
		}
		for _, m := range uses.FindAllStringSubmatch(string(text), -1) {
			if !pinned.MatchString(m[1]) {
				t.Errorf("%s: pin the action by the SHA of a commit, with its version in a comment: %s", file, m[1])
			}
			name, commit, _ := strings.Cut(m[1], "@")
			if other := commits[name]; other != "" && other != commit {
				t.Errorf("%s: %s has two versions: %s and %s", file, name, commit, other)
			}
			commits[name] = commit
		}
		for _, script := range regexp.MustCompile(`run: (\.ci/[a-z]+)`).FindAllStringSubmatch(string(text), -1) {
			if info, err := os.Stat(filepath.Join(root, script[1])); err != nil || info.Mode()&0o111 == 0 {
				t.Errorf("%s runs %s, which is not a program: %v", file, script[1], err)
			}
		}
	}
	if len(commits) < 3 {
		t.Errorf("only %d actions were found", len(commits))
	}
}

// changelogVersion is a section of the changelog. .ci/release takes the notes of a version from it.
var changelogVersion = regexp.MustCompile(`^## \[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d$`)

func TestChangelogHeadings(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range changelogFaults(string(text)) {
		t.Error(fault)
	}
	for name, text := range map[string]string{
		"no Unreleased": "## [1.0.0] - 2026-01-31\n",
		"no version":    "## [Unreleased]\n",
		"no date":       "## [Unreleased]\n## [1.0.0]\n",
		"oldest first":  "## [Unreleased]\n## [1.0.0] - 2026-01-31\n## [1.0.1] - 2026-02-01\n",
	} {
		if len(changelogFaults(text)) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}

// changelogFaults returns what is wrong with the sections of a changelog: Unreleased is first, then
// come versions with their dates, the newest first.
func changelogFaults(text string) (faults []string) {
	var versions [][]int
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "## ") || line == "## [Unreleased]" {
			continue
		}
		m := changelogVersion.FindStringSubmatch(line)
		if m == nil {
			faults = append(faults, line+`: a section is "## [Unreleased]" or "## [1.2.3] - 2026-01-31"`)
			continue
		}
		var version []int
		for _, part := range m[1:] {
			n, _ := strconv.Atoi(part) // the expression has digits only
			version = append(version, n)
		}
		if n := len(versions); n > 0 && slices.Compare(versions[n-1], version) <= 0 {
			faults = append(faults, line+": the versions are not sorted, the newest first")
		}
		versions = append(versions, version)
	}
	if first := strings.Index(text, "## ["); first < 0 || !strings.HasPrefix(text[first:], "## [Unreleased]\n") {
		faults = append(faults, "the first section is not Unreleased")
	}
	if len(versions) == 0 {
		faults = append(faults, "no version was found")
	}
	return faults
}
