// Package resources takes away what a server needs, and gives it back: room on its disk,
// its database, its connections, the right time. While it is away clients are told to come
// later; soon after it is back a write succeeds (I12), and nothing is lost, doubled or half
// done.
package resources

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/simferry/simferry/internal/trust"
	"github.com/simferry/simferry/internal/trust/traffic"
)

const (
	// promised is how soon after a fault has passed a write succeeds.
	promised = 5 * time.Second

	clients = 4
	// ackedMin is how many successes come before each fault.
	ackedMin = 10
	// perSite is how many faults one database sees, so that it stays small, and both
	// engines have their turn where a scene is about both.
	perSite = 10
)

// scene is something that can be taken away from a server and given back.
type scene struct {
	name, does string
	setUp      func(ctx context.Context, dir, tags string) (site, error)
	control    func(ctx context.Context, seed uint64) (trust.Control, error)
	least      least
}

// least is the work of each fault, below which it shows nothing.
type least struct{ refused, underWay float64 }

// site is one database with its servers.
type site interface {
	// url is that of the database, for who compares.
	url() string
	clients() *traffic.Clients
	begin(ctx context.Context, seed uint64) *traffic.Load
	// strike takes something away under load and gives it back; over is when it was back.
	strike(ctx context.Context, load *traffic.Load, rng *rand.Rand) (struck, over time.Time, err error)
	// complaints are what is found wrong besides. Call it once, at the end.
	complaints() []string
	close() error
}

// harness makes a scene one of trust's harnesses: 20 faults in CI, 1,000 at full size.
func (s scene) harness() trust.Harness {
	return trust.Harness{
		Name: s.name, Does: s.does,
		Run: func(ctx context.Context, size trust.Size, seed uint64) (trust.Result, error) {
			res, err := s.run(ctx, trust.Tags(), size.Of(20, 1000, 5), seed)
			if err == nil && size != trust.Probe {
				res.Control, err = s.control(ctx, seed)
			}
			return res, err
		},
	}
}

func (s scene) run(ctx context.Context, tags string, cycles int, seed uint64) (res trust.Result, err error) {
	dir, err := os.MkdirTemp("", "simferry-trust-")
	if err != nil {
		return res, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	t := &trial{res: &res}
	for done := 0; done < cycles; done += perSite {
		if err := t.at(ctx, s, dir, tags, min(perSite, cycles-done), seed+uint64(done)); err != nil {
			return res, err
		}
	}
	res.Did("acknowledged before a fault", t.acked, cycles*ackedMin)
	res.Did("requests under way at a fault", t.underWay, int(float64(cycles)*s.least.underWay))
	res.Did("attempts told to come later", t.refused, int(float64(cycles)*s.least.refused))
	res.Did("answers asked for again", t.asked, cycles)
	return res, nil
}

// trial is the faults of one run.
type trial struct {
	res *trust.Result

	acked, underWay, refused, asked int
}

// at sets one site up, and strikes so many times.
func (t *trial) at(ctx context.Context, s scene, dir, tags string, cycles int, seed uint64) (err error) {
	there, err := s.setUp(ctx, dir, tags)
	if err != nil {
		return err
	}
	var proof traffic.Proof
	rng := rand.New(rand.NewPCG(seed, 3))
	for i := range cycles {
		if err := t.once(ctx, there, &proof, rng, seed+uint64(i)); err != nil {
			_ = there.close()
			return fmt.Errorf("fault %d: %w", t.res.Trials, err)
		}
	}
	t.asked += proof.Asked
	err = there.close()
	for _, c := range there.complaints() {
		t.res.Fail("%s", c)
	}
	return err
}

func (t *trial) once(ctx context.Context, there site, proof *traffic.Proof, rng *rand.Rand, seed uint64) error {
	t.res.Trials++
	load := there.begin(ctx, seed)
	if err := load.Await(ctx, ackedMin); err != nil {
		return err
	}
	t.acked += load.Acknowledged()
	struck, over, err := there.strike(ctx, load, rng)
	if err != nil {
		return err
	}
	if _, ok := load.NextAck(over, 0, promised); !ok {
		t.res.Fail("I12: nothing was written within %v of the fault's end", promised)
	}
	if err := load.End(ctx); err != nil {
		t.res.Fail("I12: %v", err)
		return ctx.Err()
	}
	t.underWay += load.Journal().UnderWay(struck)
	t.refused += load.Refused()
	wrong, err := proof.Compare(ctx, there.url(), there.clients(), load.Journal())
	for _, w := range wrong {
		t.res.Fail("%s", w)
	}
	return err
}

// failing is a control: the same faults where something is wrong on purpose. What is wrong
// may keep the harness from going on; that is no error, once it has complained.
func failing(ctx context.Context, what string, s scene, tags string, cycles int, seed uint64) (trust.Control, error) {
	res, err := s.run(ctx, tags, cycles, seed)
	c := trust.Control{What: what, Failed: res.Failures > 0}
	if !c.Failed {
		return c, err
	}
	c.Saw = res.First[0]
	return c, ctx.Err()
}
