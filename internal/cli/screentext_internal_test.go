package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/cli/profile"
	"github.com/simferry/simferry/internal/fleet"
)

// calls are words of the calls of the API, which no screen shows.
var calls = regexp.MustCompile(`\b(GET|POST|PUT|PATCH|DELETE) |/api/v|per_page|%3A`)

// TestRefusalsOfEveryCommand runs every command that asks a server, against one that refuses
// everything. The screen has the server's message and the numbers for troubleshooting, and no
// method, path or query.
func TestRefusalsOfEveryCommand(t *testing.T) {
	const message = "this is refused: try something else"
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("X-Request-Id", "r-4711")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `{"error_code":1104,"error_token":"Forbidden","message":%q}`, message)
	}))
	defer server.Close()
	home := t.TempDir()
	store := profile.Store{Dir: filepath.Join(home, "profiles")}
	shown := 0 // commands that show the message of the server
	eachCommand(newRoot(Process{Stdin: strings.NewReader(""), LookupEnv: func(string) (string, bool) { return "", false }}), func(cmd *cobra.Command) {
		if cmd.Flags().Lookup("profile") == nil && cmd.Flags().Lookup("server") == nil {
			return
		}
		if err := store.Save("default", profile.Profile{Server: server.URL, Username: "a@example.com", Bearer: "x.y.z"}); err != nil {
			t.Fatal(err)
		}
		before := asked.Load()
		var out, errs bytes.Buffer
		Run(t.Context(), Process{
			Args: callOf(cmd, server.URL), Stdin: strings.NewReader("key-of-an-invitation\nlong enough words\n"), Stdout: &out, Stderr: &errs,
			LookupEnv: func(name string) (string, bool) {
				return map[string]string{homeEnv: home}[name], name == homeEnv
			},
		})
		got := errs.String()
		if calls.MatchString(got) || internals.MatchString(got) {
			t.Errorf("%s: %s", cmd.CommandPath(), got)
		}
		if asked.Load() > before && strings.Contains(got, message) && strings.Contains(got, "r-4711") {
			shown++
		} else {
			t.Logf("%s, %d calls: %s", cmd.CommandPath(), asked.Load()-before, got)
		}
	})
	if shown < 20 {
		t.Errorf("only %d commands showed the server's message", shown)
	}
}

// callOf returns arguments with which a command asks a server.
func callOf(cmd *cobra.Command, server string) []string {
	args := strings.Fields(cmd.CommandPath())[1:]
	for _, word := range strings.Fields(cmd.Use)[1:] {
		args = append(args, map[string]string{
			"ID": "12", "[ID]": "12", "RUN": "20261130-101500-ab12", "ICCID": "8988303000000000012", "E-MAIL": "b@example.com",
		}[word])
	}
	for name, value := range map[string]string{
		"yes": "", "to": "=200", "sim-id": "=250", "server": "=" + server, "password-stdin": "", "username": "=a@example.com", "stdin": "", "in": "=200",
	} {
		if cmd.Flags().Lookup(name) != nil {
			args = append(args, "--"+name+value)
		}
	}
	return args
}

// An interrupted command says so, and shows no text of a library.
func TestInterruptedCommands(t *testing.T) {
	for name, err := range map[string]error{
		"plain":    context.Canceled,
		"wrapped":  fmt.Errorf("fleet.db: %w", errors.Join(context.Canceled, errors.New("sql: transaction has already been committed"))),
		"database": &fleet.Error{Code: fleet.Unavailable, Message: context.Canceled.Error(), Err: context.Canceled},
	} {
		var out strings.Builder
		code := explain(&out, &cobra.Command{Use: "restore"}, err)
		if want := "simferry: interrupted before restore was complete\n"; code != exitFailed || out.String() != want {
			t.Errorf("%s: exit code %d, %q; want %q", name, code, out.String(), want)
		}
	}
	var out strings.Builder
	lost := &fleet.Error{Code: fleet.Unavailable, Message: "The outcome is unknown", Err: context.Canceled}
	if explain(&out, &cobra.Command{Use: "restore"}, lost); !strings.Contains(out.String(), lost.Message) {
		t.Errorf("an unknown outcome is hidden: %q", out.String())
	}
}
