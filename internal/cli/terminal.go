package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/simferry/simferry/internal/termtext"
)

// terminal returns the descriptor of standard input if it is a terminal.
func (p Process) terminal() (fd int, ok bool) {
	in, ok := p.Stdin.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return 0, false
	}
	return int(in.Fd()), true
}

// width returns the columns of a terminal; ok is false for other writers.
func width(w io.Writer) (columns int, ok bool) {
	f, ok := termtext.Raw(w).(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	return columns, err == nil
}

// ask reads a line that may be seen. Ctrl-C ends it at once.
func (p Process) ask(ctx context.Context, question string) (string, error) {
	_, _ = fmt.Fprint(p.Stderr, question)
	defer func() {
		if ctx.Err() != nil {
			_, _ = fmt.Fprintln(p.Stderr) // the ^C is shown after the question
		}
	}()
	return interruptible(ctx, func() (string, error) {
		line, err := bufio.NewReader(p.Stdin).ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") {
			return "", fmt.Errorf("nothing was typed: %w", err)
		}
		return strings.TrimSpace(line), nil
	})
}

// askSecret reads a line that is not shown. The terminal is itself again afterwards, also
// after Ctrl-C.
func (p Process) askSecret(ctx context.Context, fd int, question string) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	_, _ = fmt.Fprint(p.Stderr, question)
	typed, err := interruptible(ctx, func() (string, error) {
		typed, err := term.ReadPassword(fd)
		return string(typed), err
	})
	_, _ = fmt.Fprintln(p.Stderr)
	if ctx.Err() != nil {
		err = errors.Join(err, term.Restore(fd, before))
	}
	return typed, err
}

// interruptible gives up waiting for what cannot be cancelled. The process ends soon after.
func interruptible(ctx context.Context, read func() (string, error)) (string, error) {
	type reply struct {
		text string
		err  error
	}
	replies := make(chan reply, 1)
	go func() {
		text, err := read()
		replies <- reply{text, err}
	}()
	select {
	case r := <-replies:
		return r.text, r.err
	case <-ctx.Done():
		return "", errors.New("interrupted")
	}
}
