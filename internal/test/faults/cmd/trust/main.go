// Command trust runs the harnesses that try to break Simferry's promises; make trust calls it.
// It is not part of a release.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/bugs"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "trust:", err)
		os.Exit(1) //nolint:forbidigo // here it is main
	}
}

func run(args []string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	flags := flag.NewFlagSet("trust", flag.ExitOnError)
	full := flags.Bool("full", false, "the full size, which takes hours")
	named := flags.String("size", "CI", "CI, full or probe")
	only := flags.String("only", "", "only these harnesses, by name, with commas between")
	seed := flags.Uint64("seed", 0, "repeat a run; a random one if left out")
	bug := flags.String("bug", "", "only these mutations, by name, with commas between, instead of a harness")
	smoke := flags.Bool("smoke", false, "try whether the harnesses work, each at its smallest size")
	list := flags.Bool("list", false, "list the harnesses and exit")
	_ = flags.Parse(args) // it exits on an error
	all := harnesses
	if *smoke {
		all = slices.DeleteFunc(slices.Clone(all), func(h faults.Harness) bool { return slices.Contains(ordinary, h.Name) })
	}
	chosen, err := faults.Select(all, *only)
	if *bug != "" {
		chosen, err = bugs.Only(*bug)
	}
	if err != nil {
		return err
	}
	if *list {
		return report(out, chosen)
	}
	size, err := faults.ParseSize(*named)
	if err != nil {
		return err
	}
	if *full {
		size = faults.Full
	}
	if *smoke {
		size = faults.Probe
	}
	if *seed == 0 {
		*seed = rand.Uint64N(1<<62) + 1
	}
	defer func() { _ = faults.RemovePrograms() }() // a folder for temporary files
	if slices.ContainsFunc(chosen, func(h faults.Harness) bool { return h.Name == bugs.Harness.Name }) && len(chosen) > 1 && !*smoke {
		go bugs.PrebuildAll(ctx)
	}
	return faults.Runner{Out: out, Commit: faults.Commit(ctx), Size: size, Seed: *seed, Smoke: *smoke}.Run(ctx, chosen)
}

func report(out io.Writer, list []faults.Harness) error {
	for _, h := range list {
		if _, err := fmt.Fprintf(out, "%-16s %s\n", h.Name, h.Summary); err != nil {
			return err
		}
	}
	return nil
}
