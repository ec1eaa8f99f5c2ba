package cli_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestImportsReadPipes gives each import its file by standard input and by a pipe.
func TestImportsReadPipes(t *testing.T) {
	world := file(t, "world.yaml", deviceWorld)
	for command, text := range map[string]string{
		"sim":    "iccid\n8988303000000000012\n8988303000000000020\n",
		"device": "name\nfirst\nsecond\n",
	} {
		for kind, source := range map[string]func() (stdin, name string){
			"standard input": func() (string, string) { return text, "-" },
			"pipe": func() (string, string) {
				if runtime.GOOS != "linux" {
					t.Skip("there is no /dev/fd")
				}
				r, w, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.WriteString(text); err != nil {
					t.Fatal(err)
				}
				_ = w.Close()
				t.Cleanup(func() { _ = r.Close() })
				return "", fmt.Sprintf("/dev/fd/%d", r.Fd())
			},
		} {
			here := database(t)
			must(t, run(t, here, "", "seed", world))
			stdin, name := source()
			got := must(t, run(t, here, stdin, command, "import", name, "--workspace", "100", "--output", "json"))
			if !strings.Contains(got, `"added": 2`) {
				t.Errorf("%s import by %s: %s", command, kind, got)
			}
		}
	}
	if got := run(t, database(t), "", "sim", "import", "-"); got.code != 1 || !strings.Contains(got.errors, "the file is empty") {
		t.Errorf("empty standard input: %d %s", got.code, got.errors)
	}
}
