package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/server"
	"github.com/simferry/simferry/internal/world"
)

// importFunc is the rule that imports a list. home is the Workspace of lines that name none.
type importFunc[L any] func(o operator.Operator, ctx context.Context, list L, home fleet.WorkspaceID, reached func(int)) (operator.Imported, error)

// importCommand makes cmd one that reads a file, and imports what is in it or nothing.
func importCommand[L any](p Process, cmd *cobra.Command, things string, read func(world.Source) (L, error), count func(L) int, rule importFunc[L]) *cobra.Command {
	form := outputFlag(cmd)
	home := newWorkspaceFlag(cmd, "workspace", "Workspace for lines that do not name one, by id or name")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, discard, err := p.repeatable(args[0])
		if err != nil {
			return err
		}
		defer discard()
		list, err := read(fromStart(f))
		if err != nil {
			return &server.FileError{File: args[0], Err: err}
		}
		bar := newProgress(p, "importing "+things)
		defer bar.end()
		return operate(cmd, p, func(ctx context.Context, in *server.Installation) error {
			ws, err := home.id(ctx, in)
			if err != nil {
				return err
			}
			bar.begin(count(list))
			done, err := rule(in.Operator, ctx, list, ws, bar.reach)
			bar.end()
			if err != nil {
				return &server.FileError{File: args[0], Err: err}
			}
			return form.print(p.Stdout, importAnswer(done))
		})
	}
	return cmd
}

// repeatable opens a file that can be read several times. A pipe, or standard input for "-", is
// copied to a temporary file, which discard removes.
func (p Process) repeatable(name string) (f *os.File, discard func(), err error) {
	from := p.Stdin
	if name != "-" {
		named, err := os.Open(name) //nolint:gosec // the user names the file
		if err != nil {
			return nil, nil, err
		}
		if info, err := named.Stat(); err != nil || info.Mode().IsRegular() || info.IsDir() {
			return named, func() { _ = named.Close() }, err // read-only
		}
		defer func() { _ = named.Close() }()
		from = named
	}
	spool, err := os.CreateTemp("", "simferry-import-*")
	if err != nil {
		return nil, nil, err
	}
	discard = func() { _ = errors.Join(spool.Close(), os.Remove(spool.Name())) } // read-only
	if _, err := io.Copy(spool, from); err != nil {
		discard()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return spool, discard, nil
}

// fromStart reads a file from its beginning, as often as needed.
func fromStart(f *os.File) world.Source {
	return func() (io.Reader, error) {
		_, err := f.Seek(0, io.SeekStart)
		return f, err
	}
}

func importAnswer(done operator.Imported) answer {
	return answer{
		header: table.Row{"added", "kept"},
		rows:   []table.Row{{done.Added, done.Kept}},
		value: struct {
			Added int `json:"added"`
			Kept  int `json:"kept"`
		}{done.Added, done.Kept},
	}
}
