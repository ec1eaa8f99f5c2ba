package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/creack/pty"
)

// Columns is the width of the terminal.
const Columns = 88

// Answer is the text to type when the program asks a question.
type Answer struct {
	Question string // the end of the output at which to type
	Text     string // one line
}

// Run runs a program on a terminal, types the answers in their order, and returns the raw output
// once the program has ended. It returns an error if the program fails or does not ask a question.
func Run(cmd *exec.Cmd, answers ...Answer) (string, error) {
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 40, Cols: Columns})
	if err != nil {
		return "", fmt.Errorf("start %s on a terminal: %w", cmd.Path, err)
	}
	var output strings.Builder
	err = talk(master, &output, answers)
	err = errors.Join(err, cmd.Wait(), master.Close())
	if err != nil {
		return "", fmt.Errorf("%w; the output: %s", err, output.String())
	}
	return output.String(), nil
}

// talk copies what the program prints, until it ends, and types each answer after its question.
func talk(master *os.File, output *strings.Builder, answers []Answer) error {
	buffer := make([]byte, 4096)
	for {
		n, err := master.Read(buffer)
		output.Write(buffer[:n])
		if len(answers) > 0 && strings.HasSuffix(output.String(), answers[0].Question) {
			if _, err := master.WriteString(answers[0].Text + "\n"); err != nil {
				return err
			}
			answers = answers[1:]
		}
		if err != nil {
			if len(answers) > 0 {
				return fmt.Errorf("the program did not ask %q", answers[0].Question)
			}
			return ended(err)
		}
	}
}

// ended returns nil for the errors by which systems report that the program closed the terminal.
func ended(err error) error {
	if errors.Is(err, syscall.EIO) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Command returns a command for Run: a program with colours, and HOME as its home directory.
func Command(ctx context.Context, home, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = home
	for _, v := range os.Environ() {
		if key, _, _ := strings.Cut(v, "="); key != "NO_COLOR" && !strings.HasPrefix(key, "SIMFERRY_") && !strings.HasPrefix(key, "XDG_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+home, "TERM=xterm-256color")
	return cmd
}
