package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/dburl"
	"github.com/simferry/simferry/internal/limit"
	"github.com/simferry/simferry/internal/server"
)

// operatorFlags returns the settings that a command on the database needs.
func operatorFlags(cmd *cobra.Command) *cobra.Command {
	config.Flags(cmd.Flags(), "database", "database_file")
	return cmd
}

// load reads the settings; invalid ones are a usage error.
func load(cmd *cobra.Command, p Process) (config.Config, error) {
	cfg, err := config.Load(cmd.Flags(), p.LookupEnv)
	if err != nil {
		return cfg, &usageError{err}
	}
	return cfg, nil
}

// operate opens the database for one command and closes it behind.
func operate(cmd *cobra.Command, p Process, do func(context.Context, *server.Installation) error) (err error) {
	cfg, err := load(cmd, p)
	if err != nil {
		return err
	}
	in, err := server.Open(cmd.Context(), cfg, newLog(cfg, p.Stderr))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	err = do(cmd.Context(), in)
	// Perhaps no server runs that would do it. A command that failed may have left entries, too.
	if folding := in.Operator.Fold(context.WithoutCancel(cmd.Context())); err == nil {
		err = folding
	}
	return err
}

func newLog(cfg config.Config, w io.Writer) *slog.Logger {
	w = dburl.ScrubbingWriter{W: w}
	o := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == config.LogText {
		return slog.New(limit.Log(slog.NewTextHandler(w, o)))
	}
	return slog.New(limit.Log(slog.NewJSONHandler(w, o)))
}
