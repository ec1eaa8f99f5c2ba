package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
)

// BenchmarkOlderWay compares two ways to move 500 SIMs that are in devices: a script that moves
// them one by one, as fleets do today, and a single migration request.
func BenchmarkOlderWay(b *testing.B) {
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			s := serve(b, engine.open(b, 10_000))
			script := newOlderScript(b, s)
			ctx, list, body := b.Context(), ids(1, batch), request(iccids(1, batch), right, false)
			reset := func() error { return s.floor.reset(ctx, list, int64(left), true) }
			var older, newer []time.Duration
			for b.Loop() {
				older = append(older, timed(b, reset, func() error { return script.run(ctx, batch) }))
				newer = append(newer, timed(b, reset, func() error { return s.migrate(ctx, body) }))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(script.requests)/float64(len(older)), "requests")
			b.ReportMetric(float64(median(older).Milliseconds()), "script-ms")
			b.ReportMetric(float64(median(newer).Milliseconds()), "migration-ms")
			b.ReportMetric(float64(median(older))/float64(median(newer)), "ratio")
		})
	}
}

// olderScript has the application tokens of the Workspace that has the SIMs and of the one
// that issued them.
type olderScript struct {
	*served
	source, issuer string
	requests       int
}

func newOlderScript(b *testing.B, s *served) *olderScript {
	b.Helper()
	return &olderScript{s, programToken(b, s, left), programToken(b, s, issuer), 0}
}

func programToken(b *testing.B, s *served, ws fleet.WorkspaceID) string {
	b.Helper()
	c, err := control.New(b.Context(), s.store, control.Options{Password: cheap})
	if err != nil {
		b.Fatal(err)
	}
	made, err := operator.New(c).CreateApplicationToken(b.Context(), control.NewToken{Workspace: ws})
	if err != nil {
		b.Fatal(err)
	}
	var signedIn wire.AuthResponse
	body, err := s.post(b.Context(), "/api/v1/authenticate", wire.AuthRequest{ApplicationToken: &made.Text})
	if err == nil {
		err = json.Unmarshal(body, &signedIn)
	}
	if err != nil {
		b.Fatal(err)
	}
	return signedIn.AuthToken
}

// run looks up each SIM, reads it, takes it out of its device and gives it to the other Workspace.
func (o *olderScript) run(ctx context.Context, n int) error {
	for i := 1; i <= n; i++ {
		var found []wire.SIM
		if err := o.ask(ctx, o.source, "GET", fmt.Sprintf("/api/v1/sim?q=iccid:%s&page=1&per_page=2", iccid(i)), nil, &found); err != nil {
			return err
		}
		var sim wire.SIM
		if err := o.ask(ctx, o.source, "GET", fmt.Sprintf("/api/v1/sim/%d", found[0].ID), nil, &sim); err != nil {
			return err
		}
		if err := o.ask(ctx, o.source, "PATCH", fmt.Sprintf("/api/v1/endpoint/%d", sim.Endpoint.ID), []byte(`{"sim": {"id": null}}`), nil); err != nil {
			return err
		}
		give := fmt.Appendf(nil, `{"customer_org": {"id": %d}}`, right)
		if err := o.ask(ctx, o.issuer, "PATCH", fmt.Sprintf("/api/v1/sim/%d", sim.ID), give, nil); err != nil {
			return err
		}
	}
	return nil
}

func (o *olderScript) ask(ctx context.Context, bearer, method, path string, body []byte, into any) error {
	o.requests++
	req, err := http.NewRequestWithContext(ctx, method, o.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := o.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s %s", method, path, resp.Status, text)
	}
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	return err
}
