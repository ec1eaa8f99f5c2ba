package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// internals are words of Go's libraries, which do not help a user.
var internals = []string{"json:", "invalid character", "unexpected end of JSON", "Go value", "unmarshal", "strconv", "EOF", "goccy", "runtime error"}

// runPlan is the plan of a run with one SIM.
const runPlan = `{"version":1,"created":"2026-11-22T10:00:00Z","server":"http://127.0.0.1:1","terms":{"target":{"id":200,"name":"x"},"detach_devices":false},` +
	`"chunks":[{"by":"sims","sims":[{"id":1,"iccid":"8988303000000000012","status":{"id":1,"description":"x"},"source":{"id":100,"name":"y"}}]}]}`

// TestDamagedFilesAreExplained damages each file that the commands keep, in several ways: the
// message names the file and what to do, and has no words of a library.
func TestDamagedFilesAreExplained(t *testing.T) {
	const run = "runs/20261122-100000-abcd/"
	for file, command := range map[string][]string{
		"profiles/default.json": {"whoami"},
		run + "run.json":        {"migrate", "resume", "20261122-100000-abcd"},
		run + "plan.json":       {"migrate", "resume", "20261122-100000-abcd"},
		run + "journal.jsonl":   {"migrate", "resume", "20261122-100000-abcd"},
		"tonight.plan":          {"migrate", "apply", "tonight.plan", "--yes"},
	} {
		for _, text := range []string{"{", "[]\n", "\x00\xff\n", `{"version": "one"}` + "\n", `"s3cret"` + "\n", "{\"access_token\": \"s3cret\n", `{"step": 5}` + "\n"} {
			p := newPerson(t)
			for name, whole := range map[string]string{
				"profiles/default.json": `{"server":"http://127.0.0.1:1"}`, run + "run.json": `{"profile":"default","on_conflict":"stop"}`, run + "plan.json": runPlan,
			} {
				writeAt(t, filepath.Join(p.home, name), whole)
			}
			path := filepath.Join(p.home, file)
			writeAt(t, path, text)
			args := append([]string(nil), command...)
			if file == "tonight.plan" {
				args[2] = path
			}
			got := p.run("", args...)
			if file == run+"journal.jsonl" && !strings.HasSuffix(text, "\n") {
				continue // a last line that is cut off was never acknowledged
			}
			if got.code == 0 || !strings.Contains(got.errors, path) {
				t.Errorf("%s with %q: %d %s", file, text, got.code, got.errors)
			}
			for _, word := range append(internals, "s3cret") {
				if strings.Contains(got.errors, word) {
					t.Errorf("%s with %q: the message has %q: %s", file, text, word, got.errors)
				}
			}
		}
	}
}

func writeAt(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A damaged run does not hide the others from any command that reads all runs.
func TestDamagedRunDoesNotHideOthers(t *testing.T) {
	const good, bad = "20261122-100000-good", "20261123-100000-baad"
	p := newPerson(t)
	writeAt(t, filepath.Join(p.home, "profiles", "default.json"), `{"server":"http://127.0.0.1:1"}`)
	for _, id := range []string{good, bad} {
		writeAt(t, filepath.Join(p.home, "runs", id, "run.json"), `{"profile":"default","on_conflict":"stop"}`)
		writeAt(t, filepath.Join(p.home, "runs", id, "plan.json"), runPlan)
	}
	damaged := filepath.Join(p.home, "runs", bad, "run.json")
	writeAt(t, damaged, "{")
	for name, args := range map[string][]string{
		"runs": {"migrate", "runs"}, "json": {"migrate", "runs", "--output", "json"}, "prune": {"migrate", "runs", "prune", "--unfinished", "--dry-run"},
	} {
		got := p.run("", args...)
		if got.code == 0 || !strings.Contains(got.out, good) || !strings.Contains(got.errors, damaged) {
			t.Errorf("%s: %d\n%s\n%s", name, got.code, got.out, got.errors)
		}
	}
	got := p.run("", "migrate", "resume")
	if !strings.Contains(got.errors, damaged) || !strings.Contains(got.errors, "Run "+good) {
		t.Errorf("resume: %d %s", got.code, got.errors)
	}
}
