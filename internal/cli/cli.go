package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/simferry/simferry/internal/dburl"
	"github.com/simferry/simferry/internal/termtext"
)

// Process is what the surroundings give to a command.
type Process struct {
	Args      []string // without the program's name
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	LookupEnv func(string) (string, bool)

	trust *trust // of the command's flags; newRoot sets it
}

// Main runs the command of this process and gives its exit code. The first SIGINT or
// SIGTERM stops it in order, the second at once.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, Process{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv})
}

// Run runs one command to its end and gives its exit code. Serving commands end with ctx.
func Run(ctx context.Context, p Process) int {
	safeOut, safeErr := termtext.NewWriter(p.Stdout), termtext.NewWriter(p.Stderr)
	p.Stdout, p.Stderr = safeOut, safeErr
	defer func() { _ = errors.Join(safeOut.Flush(), safeErr.Flush()) }() // half a character at most
	root := newRoot(p)
	root.SetArgs(p.Args)
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	err = exclusive(err)
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
		err = errors.New("interrupted")
	}
	return explain(dburl.ScrubbingWriter{W: p.Stderr}, cmd, err)
}
