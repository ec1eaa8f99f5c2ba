// Command simferry moves SIM cards between Workspaces: the server and its operator's tools.
package main

import (
	"os"

	"github.com/simferry/simferry/internal/cli"
)

func main() { os.Exit(cli.Main()) } //nolint:forbidigo // the one place where the process ends
