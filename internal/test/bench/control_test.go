package bench

import (
	"context"
	"fmt"
	"testing"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// BenchmarkControl measures the rules without HTTP: the difference to BenchmarkHTTP is the cost
// of the wire.
func BenchmarkControl(b *testing.B) {
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			p := engine.open(b, 10_000)
			c, err := control.New(b.Context(), p.store, control.Options{Password: cheap})
			if err != nil {
				b.Fatal(err)
			}
			for _, n := range []int{1, 50, 500} {
				b.Run(fmt.Sprintf("dry/sims=%d", n), func(b *testing.B) { p.controlDry(b, c, n) })
				b.Run(fmt.Sprintf("real/sims=%d", n), func(b *testing.B) { p.controlReal(b, c, n) })
			}
		})
	}
}

var caller = identity.Principal{User: admin, Workspace: left, Role: fleet.Administrator}

func byICCID(b *testing.B, n int) fleet.MigrationRequest {
	b.Helper()
	sel, err := fleet.SelectICCIDs(iccids(1, n))
	if err != nil {
		b.Fatal(err)
	}
	return fleet.MigrationRequest{Target: right, Select: sel, DetachDevices: true}
}

func (p *place) controlDry(b *testing.B, c *control.Control, n int) {
	b.Helper()
	ctx, req, list, here := b.Context(), byICCID(b, n), iccids(1, n), identity.Origin{}
	tokens, err := c.SignIn(ctx, control.Credentials{Username: username, Password: identity.WireDigest(password)}, here)
	if err != nil {
		b.Fatal(err)
	}
	turns(b, func() error { return nil }, func() error {
		claims, err := c.VerifyToken(ctx, tokens.Bearer)
		if err == nil {
			_, _, err = c.PreviewMigration(ctx, claims, here, req)
		}
		return err
	}, func() error { return p.floor.read(ctx, list) }, nil)
}

func (p *place) controlReal(b *testing.B, c *control.Control, n int) {
	b.Helper()
	run := control.Run{Request: byICCID(b, n)}
	p.moves(b, n, false, func(ctx context.Context) error {
		_, err := c.Migrate(ctx, caller, run, control.Write[control.Migrated]{Encoder: noEncoder{}})
		return err
	}, nil)
}

// noEncoder encodes nothing.
type noEncoder struct{}

func (noEncoder) OK(control.Migrated) control.Reply { return control.Reply{} }
func (noEncoder) Refused(error) control.Reply       { return control.Reply{} }
