package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/simferry/simferry/internal/config"
)

// installPage describes how to run a server with systemd, in a container and behind a proxy.
const installPage = "../docs/operations/install.md"

// checkedLanguages are the languages of the blocks of documents, each with the test that checks its
// blocks.
var checkedLanguages = map[string]string{
	"sh":         "TestEveryShellBlockIsRun",
	"text":       "TestDocPages: what commands print",
	"yaml":       "TestSettingsBlocks, TestComposeFile, TestKubernetesObjects",
	"json":       "TestJSONBlocks",
	"ini":        "TestSystemdUnit",
	"dockerfile": "TestDockerfile",
	"nginx":      "TestProxy",
	"caddyfile":  "TestCaddy",
	"sql":        "TestPostgresPage",
	"mermaid":    "TestPagesMatchTheCode of internal/test/arch",
}

// Every language of blocks must have a test that checks them.
func TestLanguagesOfBlocks(t *testing.T) {
	for _, file := range documents(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocksOf(string(text)) {
			if checkedLanguages[b.language] == "" {
				t.Errorf("%s: no test checks blocks of %s:\n%s", file, b.language, b.text)
			}
			if slices.Contains([]string{"ini", "dockerfile", "nginx", "caddyfile"}, b.language) && file != installPage {
				t.Errorf("%s: blocks of %s are tested on %s only", file, b.language, installPage)
			}
		}
	}
}

// TestSettingsBlocks loads each YAML block of the documents as the settings file of a server,
// except those for Docker Compose, Kubernetes and Prometheus.
func TestSettingsBlocks(t *testing.T) {
	blocks := 0
	for _, file := range documents(t) {
		for _, b := range blocksIn(t, file, "yaml") {
			if isDeployment(b.text) {
				continue
			}
			blocks++
			name := filepath.Join(t.TempDir(), "simferry.yaml")
			writeFile(t, name, withFiles(t, b.text))
			flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
			config.Flags(flags)
			if err := flags.Parse([]string{"--config", name}); err != nil {
				t.Fatal(err)
			}
			if _, err := config.Load(flags, func(string) (string, bool) { return "", false }); err != nil {
				t.Errorf("%s: %v\n%s", file, err, b.text)
			}
		}
	}
	if blocks < 3 {
		t.Errorf("only %d blocks were found", blocks)
	}
}

var fileSetting = regexp.MustCompile(`(?m)^([a-z_]+_file): (\S+)$`)

// withFiles replaces the files of settings by files that exist.
func withFiles(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	return fileSetting.ReplaceAllStringFunc(text, func(line string) string {
		key, _, _ := strings.Cut(line, ":")
		name := filepath.Join(dir, key)
		writeFile(t, name, "sqlite:"+filepath.Join(dir, "fleet.db")+"\n")
		return key + ": " + name
	})
}

func TestJSONBlocks(t *testing.T) {
	for _, file := range documents(t) {
		for _, b := range blocksIn(t, file, "json") {
			if !json.Valid([]byte(b.text)) {
				t.Errorf("%s: this is not JSON:\n%s", file, b.text)
			}
		}
	}
}

// onlyBlock returns the one block of a language of the page on installing.
func onlyBlock(t *testing.T, language string) string {
	t.Helper()
	blocks := blocksIn(t, installPage, language)
	if len(blocks) != 1 {
		t.Fatalf("%s has %d blocks of %s", installPage, len(blocks), language)
	}
	return blocks[0].text
}

// TestSystemdUnit checks the unit: each line is a section or a known setting, the command is one of
// simferry, and systemd has no objection if it is installed.
func TestSystemdUnit(t *testing.T) {
	unit := onlyBlock(t, "ini")
	known := map[string][]string{
		"[Unit]": {"Description", "After", "Wants"},
		"[Service]": {
			"User", "StateDirectory", "StateDirectoryMode", "ExecStart", "ExecReload", "Restart", "TimeoutStopSec",
			"NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp",
		},
		"[Install]": {"WantedBy"},
	}
	section, start := "", ""
	for line := range strings.Lines(unit) {
		line = strings.TrimSpace(line)
		key, value, isSetting := strings.Cut(line, "=")
		switch {
		case known[line] != nil:
			section = line
		case line == "":
		case !isSetting || value == "" || !slices.Contains(known[section], key):
			t.Errorf("unknown line in %s: %s", section, line)
		case key == "ExecStart":
			start = value
		}
	}
	const program = "/usr/local/bin/simferry"
	arguments, found := strings.CutPrefix(start, program+" ")
	if !found {
		t.Fatalf("ExecStart is %q", start)
	}
	// --help after the arguments: they are parsed, and no server starts.
	simferry := exec.CommandContext(t.Context(), "simferry", append(strings.Fields(arguments), "--help")...)
	if out, err := simferry.CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s", start, err, out)
	}
	systemd, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd is not installed: it has not verified the unit")
		return
	}
	path, err := exec.LookPath("simferry")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "simferry.service")
	writeFile(t, file, strings.ReplaceAll(unit, program, path))
	out, err := exec.CommandContext(t.Context(), systemd, "verify", "--man=no", file).CombinedOutput()
	if err != nil || strings.Contains(string(out), filepath.Base(file)) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
