package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/test/kit/terminal"
)

// pictures is the folder of the pictures of the documents.
const pictures = "../docs/pictures"

// update is set by make pictures.
var update = flag.Bool("update", false, "rewrite the pictures of the documents")

// volatile are the parts of an output that differ in each run, and what the pictures show.
var volatile = []struct {
	found *regexp.Regexp
	shown string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:8080"},
	{regexp.MustCompile(`\d{8}-\d{6}-[0-9a-z]{4}\b`), "20261130-030217-c7vz"},
}

// TestPicturesOfTheTerminal draws a run of simferry migrate on a terminal, for the README. The
// stored pictures must be what it draws.
func TestPicturesOfTheTerminal(t *testing.T) {
	home := t.TempDir()
	world, err := os.ReadFile("testdata/pictures.yaml")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(home, "world.yaml"), string(world))
	var list strings.Builder
	for i := 1; i <= 400; i++ {
		fmt.Fprintf(&list, "89883030000%08d\n", i)
	}
	writeFile(t, filepath.Join(home, "move.csv"), list.String())
	address := startServer(t, home, "--seed", "world.yaml").address(t, "listening")
	login := terminal.Command(t.Context(), home, "simferry", "login", "--server", address, "--username", "admin@example.com", "--password-stdin")
	login.Stdin = strings.NewReader("correct horse\n")
	if out, err := login.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	migrate := terminal.Command(t.Context(), home, "simferry", "migrate", "--to", "Fleet South", "--file", "move.csv", "--detach")
	output, err := terminal.Run(migrate, terminal.Answer{Question: "to cancel: ", Text: "400"})
	if err != nil {
		t.Fatal(err)
	}
	output = "$ simferry migrate --to \"Fleet South\" --file move.csv --detach\r\n" + strings.ReplaceAll(output, home, "~")
	for _, v := range volatile {
		output = v.found.ReplaceAllString(output, v.shown)
	}
	screen, err := terminal.Read(output)
	if err != nil {
		t.Fatal(err)
	}
	const label = "simferry migrate shows a plan, asks, and moves 400 SIMs"
	for scheme, theme := range map[string]terminal.Theme{"light": terminal.Light, "dark": terminal.Dark} {
		sameFile(t, filepath.Join(pictures, "migrate-"+scheme+".svg"), screen.SVG(theme, label))
	}
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sameFile fails the test unless a stored picture is the one that was drawn now.
func sameFile(t *testing.T, file, text string) {
	t.Helper()
	if *update {
		writeFile(t, file, text)
	}
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: make pictures writes it", err)
	}
	if diff := cmp.Diff(strings.Split(string(stored), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("%s is not what simferry prints now (make pictures writes it again):\n%s", file, diff)
	}
}
