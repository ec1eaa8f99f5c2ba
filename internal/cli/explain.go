package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/server"
	"github.com/simferry/simferry/internal/termtext"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a command that was called wrongly.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// codeError is an end with an exit code of its own. err is nil where all has been said.
type codeError struct {
	code int
	err  error
}

func (e *codeError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}
func (e *codeError) Unwrap() error { return e.err }

// explain prints an error once, with all its particulars, and gives the exit code.
func explain(w io.Writer, cmd *cobra.Command, err error) int {
	var usage *usageError
	if errors.As(err, &usage) {
		_, _ = fmt.Fprintf(w, "simferry: %s\nSee '%s --help'.\n", indented(screenText(err)), cmd.CommandPath())
		return exitUsage
	}
	var coded *codeError
	if errors.As(err, &coded) {
		if coded.err != nil {
			_, _ = fmt.Fprintf(w, "simferry: %s\n%s", indented(screenText(coded.err)), help(coded.err))
		}
		return coded.code
	}
	var refusal *fleet.Error
	if errors.As(err, &refusal) && len(refusal.Problems) > 1 {
		explainAll(w, err, refusal.Problems)
		return exitFailed
	}
	if text := screenText(err); !interrupted(err, text) {
		_, _ = fmt.Fprintf(w, "simferry: %s\n%s", indented(text), help(err))
		return exitFailed
	}
	_, _ = fmt.Fprintf(w, "simferry: interrupted before %s was complete\n", cmd.CommandPath())
	return exitFailed
}

// interrupted reports whether an error says only that a signal ended the command.
func interrupted(err error, text string) bool {
	if refusal, ok := errors.AsType[*fleet.Error](err); ok {
		text = refusal.Message // another message says more, such as that the outcome is unknown
	}
	return errors.Is(err, context.Canceled) && strings.Contains(text, context.Canceled.Error())
}

// help returns a line with the command that fixes an error, or "" if there is none.
func help(err error) string {
	if elsewhere, ok := errors.AsType[*client.RedirectError](err); ok && elsewhere.BaseURL != "" {
		return "To sign in to it: simferry login --server " + termtext.Escape(elsewhere.BaseURL) + "\n"
	}
	if refused, ok := errors.AsType[*client.APIError](err); ok && refused.Code == 0 && refused.RequestID == "" && slices.Contains(otherServers, refused.Status) {
		return "Is this the address of a Simferry server? Check --server.\n"
	}
	return ""
}

// otherServers are the statuses that a server which is not a Simferry is likely to return.
var otherServers = []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}

// indented keeps a message that has several lines from looking like several messages: a
// server may have written it.
func indented(message string) string {
	lines := strings.Split(message, "\n")
	for i := range lines {
		if i > 0 && !strings.HasPrefix(lines[i], "  ") {
			lines[i] = "  " + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

func explainAll(w io.Writer, err error, problems []fleet.Problem) {
	subject := "the request"
	var file *server.FileError
	if errors.As(err, &file) {
		subject = file.File
	}
	_, _ = fmt.Fprintf(w, "simferry: nothing was changed, because of these errors in %s:\n", subject)
	for _, p := range problems {
		_, _ = fmt.Fprintf(w, "  %s\n", indented(p.Message))
	}
}
