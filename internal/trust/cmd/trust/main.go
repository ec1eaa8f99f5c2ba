// Command trust runs the harnesses that try to break what Simferry promises; make trust
// calls it. It is no part of what is shipped.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"

	"github.com/simferry/simferry/internal/trust"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "trust:", err)
		os.Exit(1) //nolint:gocritic // the process ends: nobody listens for signals any more
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("trust", flag.ExitOnError)
	full := flags.Bool("full", false, "the full size, which takes days")
	named := flags.String("size", "CI", "CI, full or probe")
	only := flags.String("only", "", "only these harnesses, by name, with commas between")
	seed := flags.Uint64("seed", 0, "repeat a run; a random one if left out")
	list := flags.Bool("list", false, "tell what there is, and end")
	_ = flags.Parse(args) // it exits by itself
	chosen, err := trust.Select(harnesses, *only)
	if err != nil {
		return err
	}
	if *list {
		for _, h := range chosen {
			fmt.Printf("%-16s %s\n", h.Name, h.Does)
		}
		return nil
	}
	size, err := trust.ParseSize(*named)
	if err != nil {
		return err
	}
	if *full {
		size = trust.Full
	}
	if *seed == 0 {
		*seed = rand.Uint64N(1<<62) + 1
	}
	return trust.Runner{Out: os.Stdout, Commit: trust.Commit(ctx), Size: size, Seed: *seed}.Run(ctx, chosen)
}
