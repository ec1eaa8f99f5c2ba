package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// readmeServe is the line of README.md that starts the server.
const readmeServe = "bin/simferry serve\n"

// The pages with tests of their own.
const (
	readme       = "../README.md"
	operatorPage = "../docs/operations/operator-api.md"
	postgresPage = "../docs/operations/postgresql.md"
	rulesPage    = "../docs/operations/rules.md"
	movePage     = "../docs/operations/move-to-postgresql.md"
)

// continuingPages returns the pages that continue README.md.
func continuingPages(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../docs/howto/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 8 {
		t.Fatalf("docs/howto has only %d pages", len(pages))
	}
	return append(pages, "../docs/tutorial.md", "../docs/migrate.md", "../docs/operations/install.md", "../docs/operations/upgrade.md")
}

// TestDocPages runs every shell block of README.md, and of each page that continues it, in
// the order of the page. Only the server's port differs from what is written.
func TestDocPages(t *testing.T) {
	requirePrograms(t, "curl", "sh", "sha1sum", "sed")
	setUp, request, found := strings.Cut(shellOf(t, readme), readmeServe)
	if !found || !strings.Contains(request, "/api/v1/sim/migration/workspace") {
		t.Fatalf("README.md has other examples than expected:\n%s%s", setUp, request)
	}
	for _, page := range append(continuingPages(t), readme) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			env := append(os.Environ(), "SIMFERRY_HOME="+filepath.Join(dir, "home"))
			runShell(t, dir, env, setUp)
			address := startServer(t, dir).address(t, "listening")
			script := request
			if page == readme {
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
	var lines []string
	for _, b := range blocksIn(t, page, "text") {
		for line := range strings.Lines(b.text) {
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

// shellOf returns the shell blocks of a page as one script, except those of which the page says
// that no test runs them. The make targets are left out.
func shellOf(t *testing.T, page string) string {
	t.Helper()
	var script strings.Builder
	for _, b := range blocksIn(t, page, "sh") {
		if b.notRun != "" {
			continue
		}
		for line := range strings.Lines(b.text) {
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
