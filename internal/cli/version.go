package cli

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// release and commit are set by the linker for a release (-X); other builds know their
// commit from the sources that they were made of.
var release, commit string

// pseudoVersion is the version of a build by 'go install' at a commit without a tag.
var pseudoVersion = regexp.MustCompile(`-([0-9a-f]{12})(?:\+|$)`)

// version names this build.
func version() string {
	v, _ := buildOf()
	return v
}

// buildOf returns the version and the commit of this build. What the build does not know is
// "devel" and "unknown".
func buildOf() (v, revision string) {
	v, revision = release, commit
	changed := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if m := info.Main.Version; m != "(devel)" {
			v = cmp.Or(v, m)
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = cmp.Or(revision, s.Value)
			case "vcs.modified":
				if s.Value == "true" && commit == "" {
					changed = ", changed since"
				}
			}
		}
	}
	if m := pseudoVersion.FindStringSubmatch(v); m != nil {
		revision = cmp.Or(revision, m[1])
	}
	const short = 12
	if len(revision) > short {
		revision = revision[:short]
	}
	return cmp.Or(strings.TrimSuffix(v, "+dirty"), "devel"), cmp.Or(revision, "unknown") + changed
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  simferry version",
		Args:    positional(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), versionLine())
			return err
		},
	}
}

// versionLine returns what version and --version print.
func versionLine() string {
	v, revision := buildOf()
	return fmt.Sprintf("simferry %s (commit %s, %s, %s/%s)", v, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
