package model_test

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/store"
	"github.com/simferry/simferry/internal/test/kit"
	"github.com/simferry/simferry/internal/test/kit/pgtest"
	"github.com/simferry/simferry/internal/world"
)

// manySIMs is the first id of the range that fills the largest requests.
const manySIMs, manyICCIDs, many = 1000, "8988303000000001000", 505

// seed is a small world with everything that a request can meet. All SIMs name their
// issuer, so that the model need not look it up.
const seed = `
workspaces:
  - {id: 1, name: Issuer, type: mno, country: DE}
  - {id: 100, name: Fleet DE, type: enterprise, country: DE, parent: 1}
  - {id: 200, name: Fleet FR, type: enterprise, country: FR, parent: 1}
  - {id: 300, name: Fleet US, type: enterprise, country: US, parent: 1}
  - {id: 400, name: Frota BR, type: enterprise, country: BR, parent: 1}
  - {id: 500, name: Shut, type: enterprise, country: DE, status: suspended, parent: 1}
  - {id: 600, name: Resale, type: reseller, country: DE, parent: 1}
  - {id: 900, name: Elsewhere, type: enterprise}
users:
  - {id: 1, username: admin@example.com, name: Fleet admin, password: correct horse, default_workspace: 100, roles: {100: administrator, 200: administrator, 300: administrator, 400: administrator, 500: administrator, 600: administrator}}
  - {id: 2, username: target@example.com, name: Admin of the target, password: correct horse, default_workspace: 200, roles: {100: observer, 200: administrator, 300: user}}
  - {id: 3, username: observer@example.com, name: Observer, password: correct horse, default_workspace: 100, roles: {100: observer}}
  - {id: 4, username: user@example.com, name: User, password: correct horse, default_workspace: 100, roles: {100: user, 200: user}}
  - {id: 5, username: stranger@example.com, name: Stranger, password: correct horse, default_workspace: 900, roles: {900: administrator}}
  - {id: 6, username: suspended@example.com, name: Suspended, password: correct horse, status: suspended, default_workspace: 100, roles: {100: administrator}}
  - {id: 7, username: issuer@example.com, name: Issuer admin, password: correct horse, default_workspace: 1, roles: {1: administrator, 600: user}}
  - {id: 8, username: root@example.com, name: Operator, password: correct horse, default_workspace: 100, superadmin: true, roles: {100: administrator}}
profiles:
  - {id: 1, workspace: 100, kind: service, name: Default}
  - {id: 1, workspace: 100, kind: tariff, name: Default}
  - {id: 2, workspace: 100, kind: tariff, name: Roaming}
  - {id: 2, workspace: 200, kind: service, name: Standard}
  - {id: 3, workspace: 200, kind: tariff, name: Standard}
devices:
  - {id: 9001, workspace: 100, name: tracker-7, status: enabled, tags: "north, gas", service_profile: 1, tariff_profile: 2}
  - {id: 9002, workspace: 100, name: "tracker \"8\" & <9>", status: enabled}
  - {id: 9003, workspace: 200, name: "Zähler ☃", status: disabled}
  - {id: 9004, workspace: 400, name: medidor, status: enabled}
sims:
  - {id: 250, iccid: "8988303000000000250", workspace: 100, issuer: 1, status: activated, imsi: "295050000000250", msisdn: "423660000000250", device: 9001}
  - {id: 251, iccid: "8988303000000000251", workspace: 100, issuer: 1, status: activated, imsi: "295050000000251", msisdn: "423660000000251", device: 9002}
  - {id: 252, iccid: "8988303000000000252", workspace: 100, issuer: 1, status: issued, imsi: "295050000000252", msisdn: "423660000000252"}
  - {id: 253, iccid: "8988303000000000253", workspace: 100, issuer: 1, status: suspended, imsi: "295050000000253", msisdn: "423660000000253"}
  - {id: 254, iccid: "8988303000000000254", workspace: 100, issuer: 1, status: factory_test, imsi: "295050000000254", msisdn: "423660000000254"}
  - {id: 255, iccid: "8988303000000000255", workspace: 100, issuer: 1, status: deleted, imsi: "295050000000255", msisdn: "423660000000255"}
  - {id: 256, iccid: "8988303000000000257", workspace: 100, issuer: 1, reseller: 600, status: activated, imsi: "295050000000256", msisdn: "423660000000256"}
  - {id: 260, iccid: "8988303000000000260", workspace: 200, issuer: 1, status: activated, imsi: "295050000000260", msisdn: "423660000000260", device: 9003}
  - {id: 261, iccid: "8988303000000000261", workspace: 200, issuer: 1, reseller: 600, status: issued, imsi: "295050000000261", msisdn: "423660000000261"}
  - {id: 270, iccid: "8988303000000000270", workspace: 300, issuer: 1, status: issued, imsi: "295050000000270", msisdn: "423660000000270"}
  - {id: 271, iccid: "8988303000000000271", workspace: 300, issuer: 1, status: activated, imsi: "295050000000271", msisdn: "423660000000271"}
  - {id: 280, iccid: "8988303000000000280", workspace: 400, issuer: 1, status: activated, imsi: "295050000000280", msisdn: "423660000000280", device: 9004}
  - {id: 281, iccid: "8988303000000000281", workspace: 400, issuer: 1, status: issued, imsi: "295050000000281", msisdn: "423660000000281"}
  - {id: 285, iccid: "8988303000000000285", workspace: 500, issuer: 1, status: suspended, imsi: "295050000000285", msisdn: "423660000000285"}
  - {id: 286, iccid: "8988303000000000286", workspace: 600, issuer: 1, reseller: 600, status: issued, imsi: "295050000000286", msisdn: "423660000000286"}
  - {id: 290, iccid: "8988303000000000256", workspace: 900, issuer: 900, status: issued, imsi: "295050000000290", msisdn: "423660000000290"}
  - {id: 291, iccid: "8988303000000000258", workspace: 900, issuer: 900, status: activated, imsi: "295050000000291", msisdn: "423660000000291"}
sim_ranges:
  - {first_id: 1000, first_iccid: "8988303000000001000", count: 505, workspace: 100, issuer: 1, status: issued}
`

// appWorkspaces are the Workspaces of the application tokens, by token id minus 1.
var appWorkspaces = []int64{100, 1}

// seeded is a database with the world in it, and the application tokens made there.
type seeded struct {
	url       string // of SQLite: a file to copy
	appTokens []string
}

var templates = map[kit.Engine]seeded{}

// parsed returns the world as the model takes it.
func parsed() *world.World {
	w, err := world.Parse(strings.NewReader(seed))
	if err != nil {
		panic(err)
	}
	return w
}

// prepare fills one database per engine and process; checks work on copies.
func prepare(t *testing.T, e kit.Engine) {
	t.Helper()
	if templates[e].appTokens != nil {
		return
	}
	if e == kit.Postgres {
		pgtest.Template(t, "modeltest", func(url string) { templates[e] = seeded{url, fill(t, url)} })
		return
	}
	dir, err := os.MkdirTemp("", "modeltest") //nolint:usetesting // it outlives this test
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "seeded.db")
	templates[e] = seeded{file, fill(t, "sqlite:"+file)}
}

func fill(t *testing.T, url string) (tokens []string) {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{Clock: kit.NewClock().Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	c, err := control.New(t.Context(), db, control.Options{Password: kit.CheapPassword, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := operator.New(c).ApplyWorld(t.Context(), parsed()); err != nil {
		t.Fatal(err)
	}
	for _, ws := range appWorkspaces {
		token, err := operator.New(c).CreateApplicationToken(t.Context(), control.NewToken{Workspace: fleet.WorkspaceID(ws), Description: "model"})
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token.Text)
	}
	return tokens
}

// database returns a copy for one check.
func database(t testing.TB, e kit.Engine) string {
	t.Helper()
	if e == kit.Postgres {
		return relaxed(pgtest.Clone(t, "modeltest"))
	}
	content, err := os.ReadFile(templates[e].url)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "simferry.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + file
}

// relaxed returns the URL of a database that does not wait for its disk (see memoryDir), with
// servers that wait longer for connections: slow connections on a busy machine are not a
// finding.
func relaxed(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text // the server reports it
	}
	query := u.Query() // it may have a shorter timeout
	query.Set("synchronous_commit", "off")
	query.Set("connect_timeout", "60")
	u.RawQuery = query.Encode()
	return u.String()
}

// both changes both databases directly, without the API, as an operator does.
func (p *pair) both(change func(context.Context, *store.Tx) error) {
	for _, s := range p.sides {
		ctx := p.t.Context()
		if err := s.server.Store.Update(ctx, func(tx *store.Tx) error { return change(ctx, tx) }); err != nil {
			p.t.Fatalf("%s: %v", s.engine, err)
		}
	}
}
