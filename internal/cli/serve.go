package cli

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/config"
	"github.com/simferry/simferry/internal/server"
)

func serveCommand(p Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server until SIGTERM or SIGINT. Running requests are completed first.

The server creates the database if it does not exist, and migrates its schema. Every setting can
also be given as an environment variable or in a file (--config).

On SIGHUP the server reloads the files that the settings name: the operator tokens, the TLS
certificates of the listeners, and the password and certificates of the mail server. SIGHUP never
stops it.`,
		Example: `  simferry serve
  simferry serve --listen 0.0.0.0:8080 --database sqlite:/var/lib/simferry/fleet.db
  simferry serve --seed world.yaml --log-format text`,
		Args:        positional(),
		Annotations: map[string]string{reloads: "true"},
	}
	config.Flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load(cmd, p)
		if err != nil {
			return err
		}
		log := newLog(cfg, p.Stderr)
		slog.SetDefault(log)
		cfg.Version = version()
		log.Info("starting", "version", version())
		if limit := server.TuneGC(cfg); limit > 0 {
			log.Info("the memory has a soft limit", "bytes", limit)
		}
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP) // also while it starts: a hangup never ends the server
		defer signal.Stop(hangups)
		s, err := server.Start(cmd.Context(), cfg, log)
		if err != nil {
			return err
		}
		go reloadOn(hangups, s)
		return s.Wait()
	}
	return cmd
}

// reloadOn reads the server's files again at each hangup. It ends with the process.
func reloadOn(hangups <-chan os.Signal, s *server.Server) {
	for range hangups {
		_ = s.Reload() // Reload logs errors
	}
}
