package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readmeServe is the line of README.md that starts the server.
const readmeServe = "bin/simferry serve\n"

var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```") //nolint:gocritic // with (?m), ^ is the beginning of any line

// TestDocPages runs every shell block of README.md, and of each page that continues it, in
// the order of the page. Only the server's port differs from what is written.
func TestDocPages(t *testing.T) {
	requirePrograms(t, "curl", "sh", "sha1sum", "sed")
	readme := shellOf(t, "../README.md")
	setUp, request, found := strings.Cut(readme, readmeServe)
	if !found || !strings.Contains(request, "/api/v1/sim/migration/workspace") {
		t.Fatalf("README.md has other examples than expected:\n%s", readme)
	}
	pages, err := filepath.Glob("../docs/howto/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 4 {
		t.Fatalf("docs/howto has only %d pages", len(pages))
	}
	for _, page := range append(pages, "../docs/tutorial.md", "../docs/operations/install.md", "../docs/operations/upgrade.md", "../README.md") {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			env := append(os.Environ(), "SIMFERRY_HOME="+filepath.Join(dir, "home"))
			runShell(t, dir, env, setUp)
			address := startServer(t, dir).address(t, "listening")
			script := request
			if page == "../README.md" {
				script += "\nsimferry migrate --to 'Fleet South' --file sims.csv --yes\n"
			} else {
				script += "\n" + shellOf(t, page)
			}
			out := runShell(t, dir, env, strings.ReplaceAll(script, "127.0.0.1:8080", address))
			for _, want := range expected(t, page) {
				if want = strings.ReplaceAll(want, "127.0.0.1:8080", address); !strings.Contains(out, want) {
					t.Errorf("the output has no %q", want)
				}
			}
			if t.Failed() {
				t.Logf("the output:\n%s", out)
			}
		})
	}
}

// expected returns what the commands of a page must print: each line of its text blocks
// except commands and the question that the terminal shows.
func expected(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, block := range regexp.MustCompile("(?ms)^```text\n(.*?)^```").FindAllStringSubmatch(string(text), -1) { //nolint:gocritic // with (?m), ^ is the beginning of any line
		for line := range strings.Lines(block[1]) {
			line = strings.TrimSpace(line)
			if line != "" && !strings.HasPrefix(line, "$ ") && !strings.HasPrefix(line, "Type ") {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 0 {
		t.Fatalf("%s shows no output", page)
	}
	return lines
}

// shellOf returns the shell blocks of a page as one script. The make targets are left out,
// and bin/simferry is the command of this test.
func shellOf(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if !strings.HasPrefix(line, "make ") {
				script.WriteString(line)
			}
		}
	}
	if script.Len() == 0 {
		t.Fatalf("%s has no shell block", page)
	}
	return script.String()
}

func requirePrograms(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: run .ci/setup", program)
		}
	}
}

// runShell runs a script of a page and returns its output. It fails if a command fails.
func runShell(t *testing.T, dir string, env []string, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", strings.ReplaceAll(script, "bin/simferry", "simferry"))
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return string(out)
}
