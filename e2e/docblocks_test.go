package e2e_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is a fenced block of a document.
type block struct {
	language, text string
	notRun         string // the reason why no test runs it; "" for the others
}

var (
	fence = regexp.MustCompile("(?ms)^([ \t]*)```([a-z]+)[^\n]*\n(.*?)^[ \t]*```") //nolint:gocritic // with (?m), ^ is the beginning of any line

	// notRun is what a document says before a block that no test can run.
	notRun = regexp.MustCompile(`No test runs this: ([^\n]+)\.\s*$`)
)

// blocksOf returns the fenced blocks of a document, without the indentation of lists.
func blocksOf(text string) []block {
	var blocks []block
	end := 0
	for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
		b := block{language: text[m[4]:m[5]]}
		indent := text[m[2]:m[3]]
		for line := range strings.Lines(text[m[6]:m[7]]) {
			b.text += strings.TrimPrefix(line, indent)
		}
		if reason := notRun.FindStringSubmatch(text[end:m[0]]); reason != nil {
			b.notRun = reason[1]
		}
		blocks, end = append(blocks, b), m[1]
	}
	return blocks
}

// blocksIn returns the blocks of a file in a language.
func blocksIn(t *testing.T, file, language string) []block {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	for _, b := range blocksOf(string(text)) {
		if b.language == language {
			blocks = append(blocks, b)
		}
	}
	return blocks
}

// documents returns the documents of the project that have commands for readers.
func documents(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, top := range []string{"../docs", "../api", "../.github"} {
		err := filepath.WalkDir(top, func(file string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(file, ".md") {
				files = append(files, file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 40 {
		t.Fatalf("only %d documents were found", len(files))
	}
	return files
}

// TestEveryShellBlockIsRun fails for a block of commands that no test runs, unless its document
// says why. The tests of the pages run all other blocks of their page.
func TestEveryShellBlockIsRun(t *testing.T) {
	run := slices.Concat(continuingPages(t), installationPages, []string{readme, operatorPage, postgresPage, rulesPage, movePage})
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range shellFaults(string(text), slices.Contains(run, file)) {
			t.Errorf("%s: %s", file, fault)
		}
	}
}

// shellFaults returns what is wrong with the blocks of commands of a document.
func shellFaults(text string, isRun bool) []string {
	var faults []string
	for _, b := range blocksOf(text) {
		switch b.language {
		case "sh":
			if b.notRun == "" && !isRun && !onlyMake(b.text) {
				faults = append(faults, "no test runs this block: add the page to a test, or say before it \"No test runs this: REASON.\"\n"+b.text)
			}
		case "bash", "shell", "console", "zsh":
			faults = append(faults, "a block of commands has the language sh, not "+b.language)
		}
	}
	return faults
}

func onlyMake(script string) bool {
	for line := range strings.Lines(script) {
		if !strings.HasPrefix(line, "make ") {
			return false
		}
	}
	return true
}

// The check of blocks can fail.
func TestShellFaultsAreFound(t *testing.T) {
	const sh = "```sh\nrm -rf /\n```\n"
	for text, faults := range map[string]int{
		sh:                          1,
		"1. do\n\n   " + sh + "   ": 1,
		"No test runs this: it is dangerous.\n\n" + sh:         0,
		"No test runs this: it is dangerous.\n\n" + sh + sh:    1,
		"```bash\nls\n```\n":                                   1,
		"```sh\nmake test\n```\n":                              0,
		"```text\n```\n" + "- item\n  ```sh\n  ls\n  ```\nend": 1,
	} {
		if got := shellFaults(text, false); len(got) != faults {
			t.Errorf("%q: %d faults, want %d: %q", text, len(got), faults, got)
		}
	}
	if got := shellFaults(sh, true); len(got) != 0 {
		t.Errorf("the block of a page that a test runs: %q", got)
	}
}

var (
	makeTarget  = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
	makeCommand = regexp.MustCompile("(?m)(?:^|`)make ([a-z][a-z0-9-]*)")
	goTest      = regexp.MustCompile("`go test -run ([A-Za-z]+) (\\./[a-z0-9/]+)`") // as documents name tests
	goRun       = regexp.MustCompile(`go run \./([a-z0-9/]+)`)                      // as documents name programs
	testFunc    = regexp.MustCompile(`(?m)^func (Test|Benchmark|Fuzz)([A-Za-z0-9_]*)\(`)
)

// TestNamedTargetsExist checks the make targets, tests and programs that documents name, in blocks
// and in sentences.
func TestNamedTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, m := range makeTarget.FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, m[1])
	}
	named := 0
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range makeCommand.FindAllStringSubmatch(string(text), -1) {
			named++
			if !slices.Contains(targets, m[1]) {
				t.Errorf("%s: the Makefile has no target %s", file, m[1])
			}
		}
		for _, m := range goTest.FindAllStringSubmatch(string(text), -1) {
			named++
			if !hasTest(t, filepath.Join("..", m[2]), m[1]) {
				t.Errorf("%s: %s has no test whose name contains %s", file, m[2], m[1])
			}
		}
		for _, m := range goRun.FindAllStringSubmatch(string(text), -1) {
			named++
			if _, err := os.Stat(filepath.Join("..", m[1], "main.go")); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	if named < 40 {
		t.Errorf("only %d names were found", named)
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1]+m[2], name) {
				return true
			}
		}
	}
	return false
}
