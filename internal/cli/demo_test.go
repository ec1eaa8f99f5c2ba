package cli_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/cli"
)

// Output that is not a terminal gets no colours, whatever the environment says.
func TestDemoOnce(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, c := range []struct {
		args  []string
		shows string
	}{
		{[]string{"demo", "--once"}, "500 SIMs have moved to Fleet South."},
		{[]string{"demo", "--two-sides", "--once"}, "298 SIMs have moved to City Meters."},
	} {
		var out, stderr bytes.Buffer
		code := cli.Run(t.Context(), cli.Process{
			Args: c.args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &stderr,
			LookupEnv: func(name string) (string, bool) { return "xterm-256color", name == "TERM" },
		})
		if code != 0 || stderr.Len() > 0 {
			t.Errorf("%v: exit code %d: %s", c.args, code, stderr.String())
		}
		if text := out.String(); strings.Contains(text, "\x1b") || !strings.Contains(text, c.shows) {
			t.Errorf("%v: %s", c.args, text)
		}
	}
}

// A file is not a terminal either.
func TestDemoIntoAFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	f, err := os.Create(t.TempDir() + "/story.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var stderr bytes.Buffer
	code := cli.Run(t.Context(), cli.Process{Args: []string{"demo", "--once"}, Stdin: strings.NewReader(""), Stdout: f, Stderr: &stderr, LookupEnv: os.LookupEnv})
	text, err := os.ReadFile(f.Name())
	if err != nil || code != 0 || bytes.Contains(text, []byte("\x1b")) {
		t.Errorf("exit code %d, %v, %s%s", code, err, stderr.String(), text)
	}
}
