package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// passwordSource is the source of a password: never from the command line, which other
// users of the machine can read.
type passwordSource struct {
	process Process
	stdin   bool
}

func passwordFlag(cmd *cobra.Command, p Process) *passwordSource {
	s := &passwordSource{process: p}
	cmd.Flags().BoolVar(&s.stdin, "password-stdin", false, "read the password from the first line of standard input")
	return s
}

func (s *passwordSource) read() (string, error) {
	if s.stdin {
		return s.line()
	}
	in, ok := s.process.Stdin.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", usagef("there is no terminal to prompt for the password on: use --password-stdin")
	}
	return s.ask(int(in.Fd()))
}

func (s *passwordSource) line() (string, error) {
	line, err := bufio.NewReader(io.LimitReader(s.process.Stdin, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// ask asks twice, because the input is hidden.
func (s *passwordSource) ask(fd int) (string, error) {
	first, err := s.prompt(fd, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := s.prompt(fd, "Once more: ")
	if err == nil && first != second {
		err = errors.New("the two passwords differ: try again")
	}
	return first, err
}

func (s *passwordSource) prompt(fd int, text string) (string, error) {
	_, _ = fmt.Fprint(s.process.Stderr, text)
	typed, err := term.ReadPassword(fd)
	_, _ = fmt.Fprintln(s.process.Stderr)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(typed), nil
}
