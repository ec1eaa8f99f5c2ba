// Package e2e_test runs the commands as people do: a process each, on a database in a
// folder of its own. The scripts are in testdata.
package e2e_test

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/simferry/simferry/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"simferry": func() { os.Exit(cli.Main()) }, //nolint:forbidigo // here it is main
		"flood":    floodMain,
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"listening": listening,
			"terminate": terminate,
			"hangup":    hangup,
			"get":       get,
			"exits":     exits,
			"plain":     plainServer,
			"arrived":   arrived,
			"change":    change,
			"enrol":     enrol,
		},
	})
}
