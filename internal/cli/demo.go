package cli

import (
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/simferry/simferry/internal/demo"
	"github.com/simferry/simferry/internal/termtext"
)

func demoCommand(p Process) *cobra.Command {
	var o demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show a migration from beginning to end, on a temporary database",
		Long: `Show how 500 of 1,200 SIMs move from one Workspace to another, through the real HTTP API:
a dry run that is refused, one that is not, the real run, and its entry in the ledger.

With --two-sides, show how 300 SIMs go from one company to another: the receiving code, the offer,
the receiver who looks at each SIM, accepts 298 and refuses 2, and the ledger of both.

Then the server keeps running until Ctrl-C, so that you can try it. Its database is removed at the
end.`,
		Example: `  simferry demo
  simferry demo --two-sides
  simferry demo --once
  simferry demo --listen 127.0.0.1:8080`,
		Args: positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Color = colors(p.Stdout, p.LookupEnv)
			o.Log = slog.New(slog.NewTextHandler(p.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
			return demo.Run(cmd.Context(), termtext.Raw(p.Stdout), o) // the demo's colours; its world has no names from users
		},
	}
	cmd.Flags().BoolVar(&o.Once, "once", false, "stop after the last step; the exit code is 0 if every step had the expected result")
	cmd.Flags().StringVar(&o.Listen, "listen", "127.0.0.1:0", "host:port of the server; port 0 picks a free one")
	cmd.Flags().BoolVar(&o.TwoSides, "two-sides", false, "show the hand-over of 300 SIMs between two companies")
	return cmd
}

// colors reports whether to use colours: if w is a terminal with colours and NO_COLOR is not
// set.
func colors(w io.Writer, lookupEnv func(string) (string, bool)) bool {
	f, ok := termtext.Raw(w).(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false
	}
	no, _ := lookupEnv("NO_COLOR")
	kind, _ := lookupEnv("TERM")
	return no == "" && kind != "dumb"
}
