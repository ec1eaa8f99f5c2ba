package demo_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/demo"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options() demo.Options {
	return demo.Options{Listen: "127.0.0.1:0", Once: true, Log: slog.New(slog.DiscardHandler)}
}

// leavesNothing checks at the end that the temporary directory is empty.
func leavesNothing(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
}

// Values that differ in each run.
var volatile = []struct {
	found *regexp.Regexp
	shown string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDRESS"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`), "TIME"},
	{regexp.MustCompile(`"[A-Za-z0-9_-]{40,}\.\.\.`), "TAG"},
	{regexp.MustCompile(`[A-Z2-7]{8}(-[A-Z2-7]{8}){3}`), "CODE"},
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, v := range volatile {
		got = v.found.ReplaceAllString(got, v.shown)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the story has changed (-update writes it again):\n%s", diff)
	}
}

// scenarios are the demos, with their golden files.
var scenarios = []struct {
	name, story, closing string
	twoSides             bool
}{
	{name: "one user", story: "story.txt", closing: "closing.txt"},
	{name: "two sides", story: "twosides.txt", closing: "twosides-closing.txt", twoSides: true},
}

func TestOnceRunsTheStory(t *testing.T) {
	leavesNothing(t)
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			var out bytes.Buffer
			o := options()
			o.TwoSides = sc.twoSides
			if err := demo.Run(t.Context(), &out, o); err != nil {
				t.Fatal(err)
			}
			golden(t, sc.story, out.String())
			fits(t, out.String())
		})
	}
}

// fits checks that a text fits a terminal of 80 columns.
func fits(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(line) > 81 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}

func TestColorsDoNotChangeText(t *testing.T) {
	leavesNothing(t)
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			var out bytes.Buffer
			o := options()
			o.Color, o.TwoSides = true, sc.twoSides
			if err := demo.Run(t.Context(), &out, o); err != nil {
				t.Fatal(err)
			}
			plain := regexp.MustCompile(`\x1b\[\d+m`).ReplaceAllString(out.String(), "")
			if plain == out.String() {
				t.Error("nothing is coloured")
			}
			golden(t, sc.story, plain)
		})
	}
}

// screen records the output of the demo, and can wait for it.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
	up   chan struct{} // closed once the last line before the wait is there
	hook func(text string)
}

const lastLine = "Ctrl-C stops the server"

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	if s.up != nil && strings.HasPrefix(string(b), lastLine) {
		close(s.up)
	}
	if s.hook != nil {
		s.hook(string(b))
	}
	return len(b), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// stay runs a demo that stays up, and returns its output and a function to end it.
func stay(t *testing.T, twoSides bool) (shown string, end func() (rest string)) {
	t.Helper()
	s := &screen{up: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	o := options()
	o.Once, o.TwoSides = false, twoSides
	go func() { done <- demo.Run(ctx, s, o) }()
	select {
	case <-s.up:
	case err := <-done:
		t.Fatalf("it does not stay up: %v", err)
	}
	shown = s.String()
	return shown, func() string {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("it does not end cleanly: %v", err)
		}
		return strings.TrimPrefix(s.String(), shown)
	}
}

// The printed command works when pasted.
func TestServesAfterTheStory(t *testing.T) {
	leavesNothing(t)
	shown, end := stay(t, false)
	_, closing, _ := strings.Cut(shown, "\nNow you\n")
	golden(t, "closing.txt", closing)

	_, command, _ := strings.Cut(shown, "\nTOKEN=")
	command, _, _ = strings.Cut(command, "\n\n")
	paste(t, "TOKEN="+command)

	docs := regexp.MustCompile(`Docs +(\S+)`).FindStringSubmatch(shown)[1]
	if code := status(t, docs); code != http.StatusOK {
		t.Errorf("%s: %d", docs, code)
	}
	if rest := end(); !strings.Contains(rest, "Stopped.") {
		t.Errorf("last words: %q", rest)
	}
}

// Both sign-ins of the closing text work, and an offer waits for the receiver.
func TestTwoSidesLeaveAnOffer(t *testing.T) {
	leavesNothing(t)
	shown, end := stay(t, true)
	defer end()
	_, closing, _ := strings.Cut(shown, "\nNow you\n")
	golden(t, "twosides-closing.txt", closing)
	fits(t, closing)
	url := regexp.MustCompile(`API +(\S+)/api/v1`).FindStringSubmatch(closing)[1]
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for _, who := range regexp.MustCompile(`(\S+@example\.com) +(\S+ \S+)`).FindAllStringSubmatch(closing, -1) {
		c, err := client.New(url, client.WithPassword(who[1], who[2]), client.WithHTTPClient(&http.Client{Transport: transport}))
		if err != nil {
			t.Fatal(err)
		}
		offers, err := c.Offers(t.Context(), client.ListOptions{Filter: "status:pending"})
		if err != nil || offers.Total != 1 || offers.Items[0].SIMCount != 40 {
			t.Errorf("%s: %v, %+v", who[1], err, offers)
		}
	}
	if n := strings.Count(closing, "@example.com"); n != 2 {
		t.Errorf("%d users are named, want 2", n)
	}
}

// paste runs the printed command as a reader would.
func paste(t *testing.T, command string) {
	t.Helper()
	for _, program := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is not installed: run .ci/setup", program)
		}
	}
	got, err := exec.CommandContext(t.Context(), "bash", "-c", "set -e -o pipefail\n"+command).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(got), `{"sim_count":3,"dry_run":true,`) {
		t.Errorf("the printed command: %v\n%s", err, got)
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode
}

// A SIM is changed between the preview and the real run: the demo must fail.
func TestUnexpectedResultIsAnError(t *testing.T) {
	leavesNothing(t)
	o := options()
	o.Listen = freeAddress(t)
	var once sync.Once
	out := &screen{hook: func(line string) {
		if strings.HasPrefix(line, "2. ") {
			once.Do(func() { interfere(t, "http://"+o.Listen) })
		}
	}}
	err := demo.Run(t.Context(), out, o)
	if !client.IsStale(err) || !strings.Contains(fmt.Sprint(err), "step 3") {
		t.Errorf("%v, want the refusal of the real run", err)
	}
	if !strings.Contains(out.String(), "412 Precondition Failed") {
		t.Error("what was answered is not shown")
	}
}

func interfere(t *testing.T, url string) {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c, err := client.New(url, client.WithPassword("demo@example.com", "correct horse"), client.WithHTTPClient(&http.Client{Transport: transport}))
	if err == nil {
		err = c.SetSIMStatus(t.Context(), 100100, client.SIMSuspended)
	}
	if err != nil {
		t.Error(err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestInterruptedStory(t *testing.T) {
	leavesNothing(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := &screen{hook: func(line string) {
		if strings.HasPrefix(line, "2. ") {
			cancel()
		}
	}}
	if err := demo.Run(ctx, out, options()); err == nil {
		t.Error("it ended before its end, and calls that a success")
	}
}

func TestAddressInUse(t *testing.T) {
	leavesNothing(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	o := options()
	o.Listen = l.Addr().String()
	if err := demo.Run(t.Context(), io.Discard, o); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("%v", err)
	}
}

// For every listen address the printed URL reaches the server.
func TestListeningEverywhere(t *testing.T) {
	leavesNothing(t)
	o := options()
	o.Listen = "0.0.0.0:0"
	if err := demo.Run(t.Context(), io.Discard, o); err != nil {
		t.Error(err)
	}
}
