// Package upgrade replaces servers of one version by servers of the next under load, as
// docs/operations/postgresql.md describes. The previous version keeps working while the schema
// changes, nothing acknowledged is lost or doubled, keys of one version are known to the other,
// and what both wrote is sound.
package upgrade

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/test/faults"
	"github.com/simferry/simferry/internal/test/faults/dbcheck"
	"github.com/simferry/simferry/internal/test/faults/proc"
	"github.com/simferry/simferry/internal/test/faults/traffic"
)

// Harness is the upgrade harness.
var Harness = faults.Harness{
	Name: "upgrade", Run: run,
	Summary: "replaces the servers of the previous version one by one, under load, on one PostgreSQL",
}

const (
	clients  = 8
	ackedMin = 40 // successes before and after each change
	promised = 10 * time.Second
)

func run(ctx context.Context, size faults.Size, seed uint64) (res faults.Result, err error) {
	dir, err := os.MkdirTemp("", "simferry-trust-")
	if err != nil {
		return res, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	before, err := buildPrevious(ctx, dir)
	if err != nil {
		return res, err
	}
	after, err := faults.Build(ctx, faults.Mutation{})
	if err != nil {
		return res, err
	}
	n := size.Of(1, 20, 1)
	var acked, replayed int
	for i := range n {
		t := &trial{res: &res, seed: seed + uint64(i)}
		if err := t.run(ctx, before, after); err != nil {
			return res, fmt.Errorf("upgrade %d: %w", i+1, err)
		}
		res.Control, acked, replayed = t.control, acked+t.acked, replayed+t.replayed
	}
	res.Record("acknowledged before a change", acked, 3*n*ackedMin)
	res.Record("answers asked for again", replayed, n*ackedMin/2)
	return res, nil
}

// trial is one upgrade: two servers A and B of the previous version become C and D.
type trial struct {
	*site
	res     *faults.Result
	seed    uint64
	control faults.Control

	acked, replayed int
}

func (t *trial) run(ctx context.Context, before, after string) (err error) {
	t.res.Trials++
	if t.site, err = setUp(ctx, before, after, t.seed); err != nil {
		return err
	}
	defer t.remove()
	for _, step := range []func(context.Context) error{t.migrateUnder, t.breakOldest, t.replaceFirst, t.replaceSecond, t.compare} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// migrateUnder starts the first server of the new version, which applies the schema steps while
// both servers of the previous version run.
func (t *trial) migrateUnder(ctx context.Context) error {
	return t.during(ctx, []int{0, 1}, nil, func() error { return t.serve(ctx, t.after) })
}

// breakOldest runs the control: a step that removes what the previous version writes must be
// noticed by its clients. It is undone before anything else happens.
func (t *trial) breakOldest(ctx context.Context) error {
	t.control.What = "a schema step that renames a column"
	if err := t.exec(ctx, "ALTER TABLE ledger_sides RENAME COLUMN sims TO renamed"); err != nil {
		return err
	}
	load := t.clients.Begin(ctx, t.urls(0)...)
	for began := time.Now(); load.Refused() < clients && time.Since(began) < time.Minute && ctx.Err() == nil; {
		faults.Pause(ctx, 5*time.Millisecond)
	}
	refused := load.Refused()
	if err := errors.Join(t.exec(ctx, "ALTER TABLE ledger_sides RENAME COLUMN renamed TO sims"), load.End(ctx)); err != nil {
		return err
	}
	t.control.Failed = refused > 0
	t.control.Observed = fmt.Sprintf("%d requests refused", refused)
	t.clients.Journal.TakeAnomalies() // they are what was wanted
	return nil
}

// replaceFirst stops a server of the previous version while all three run.
func (t *trial) replaceFirst(ctx context.Context) error {
	return t.during(ctx, []int{0, 1, 2}, []int{0}, func() error { return t.running[0].Stop(ctx) })
}

// replaceSecond starts the second new server and stops the last one of the previous version.
// Restarted, that one must refuse the schema.
func (t *trial) replaceSecond(ctx context.Context) error {
	if err := t.serve(ctx, t.after); err != nil {
		return err
	}
	return t.during(ctx, []int{1, 2, 3}, []int{1}, func() error {
		return errors.Join(t.running[1].Stop(ctx), t.refusesToStart(ctx))
	})
}

func (t *trial) refusesToStart(ctx context.Context) error {
	s, err := proc.Serve(ctx, proc.Options{Binary: t.before, Database: t.url})
	switch {
	case err == nil:
		t.res.Fail("a server of the previous version starts on the newer schema")
		return s.Kill()
	case !strings.Contains(err.Error(), "run a newer simferry"):
		t.res.Fail("a server of the previous version ends without a clear word: %v", err)
	}
	return nil
}

// during lets clients send requests to some servers before, through and after a change. Servers
// that the change does not stop must refuse nothing and must continue.
func (t *trial) during(ctx context.Context, on, stopped []int, change func() error) error {
	load := t.clients.Begin(ctx, t.urls(on...)...)
	err := load.Await(ctx, ackedMin)
	if err == nil {
		t.acked += load.Wrote()
		err = change()
	}
	if err != nil {
		return errors.Join(err, load.End(ctx))
	}
	changed, meter := time.Now(), faults.Measure()
	for _, server := range on {
		if slices.Contains(stopped, server) {
			continue
		}
		if _, ok := load.NextWrite(changed, t.running[server].URL, promised); !ok {
			t.res.Late(meter, "I12: server %c has written nothing within %v of a change", 'A'+server, promised)
		}
	}
	if err := load.End(ctx); err != nil {
		return err
	}
	t.refusals(load, stopped)
	return nil
}

// refusals reports the failures, except those of a stopped server: it finishes running requests and
// accepts no others.
func (t *trial) refusals(load *traffic.Load, stopped []int) {
	ended := t.urls(stopped...)
	for _, a := range load.Attempts() {
		if a.Refused() && !slices.Contains(ended, a.Server) {
			t.res.Fail("I12: server %s, which went on, answered %d: %.200s, %v", a.Server, a.Status, a.Body, a.Err)
		}
	}
}

// compare compares what clients saw with the database, and requests replies of the old servers
// from the new ones.
func (t *trial) compare(ctx context.Context) error {
	asked, wrong := t.clients.Replay(ctx, 200, t.urls(2, 3)...)
	var checker traffic.Checker
	compared, err := checker.Check(ctx, t.url, t.clients.Journal)
	if err != nil {
		return err
	}
	faults, err := dbcheck.Check(ctx, t.url)
	if err != nil {
		return err
	}
	for _, w := range slices.Concat(compared, wrong, faults) {
		t.res.Fail("%s", w)
	}
	t.replayed = asked
	return nil
}
