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

// Process is the environment of a command: streams, variables and folders.
type Process struct {
	Args      []string // without the program's name
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	LookupEnv func(string) (string, bool)

	trust *trust // of the command's flags; newRoot sets it

	// hangups is set if SIGHUP stops the command, like SIGINT. A command that reloads files on
	// SIGHUP has the annotation reloads and is not stopped by it.
	hangups bool
}

// reloads is the annotation of commands that handle SIGHUP themselves.
const reloads = "reloads"

// Main runs the command of this process and gives its exit code. The first SIGINT, SIGTERM or
// SIGHUP stops it in order, the second at once.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, Process{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, hangups: true})
}

// Run runs one command to its end and gives its exit code. Serving commands end with ctx.
func Run(ctx context.Context, p Process) int {
	safeOut, safeErr := termtext.NewWriter(p.Stdout), termtext.NewWriter(p.Stderr)
	p.Stdout, p.Stderr = safeOut, safeErr
	defer func() { _ = errors.Join(safeOut.Flush(), safeErr.Flush()) }() // half a character at most
	root := newRoot(p)
	root.SetArgs(append([]string{}, p.Args...)) // for nil, it would take those of the process
	root.SetIn(p.Stdin)
	root.SetOut(p.Stdout)
	root.SetErr(p.Stderr)
	if cmd, _, err := root.Find(p.Args); err == nil && cmd.Annotations[reloads] == "" && p.hangups && !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, syscall.SIGHUP)
		defer stop()
		context.AfterFunc(ctx, stop)
	}
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
