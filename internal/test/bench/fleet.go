package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/store"
)

// The Workspaces and the user of every benchmark.
const (
	issuer   fleet.WorkspaceID = 1
	left     fleet.WorkspaceID = 100 // where the SIMs are
	right    fleet.WorkspaceID = 200 // where they go, and back
	admin    fleet.UserID      = 1
	username                   = "admin@example.com"
	password                   = "correct horse"
	batch                      = 500
)

// place is a database with a fleet in it.
type place struct {
	url   string
	store *store.Store
	floor floor
}

// openSQLite makes a fleet of size SIMs in an embedded database.
func openSQLite(b testing.TB, size int) *place {
	b.Helper()
	file := filepath.Join(b.TempDir(), "bench.db")
	p := &place{url: "sqlite:" + file}
	p.open(b, size)
	p.floor = sqliteFloor(b, file)
	return p
}

func (p *place) open(b testing.TB, size int) {
	b.Helper()
	s, err := store.Open(b.Context(), p.url, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	p.store = s
	if err := s.Update(b.Context(), func(tx *store.Tx) error { return insertPeople(b.Context(), tx) }); err != nil {
		b.Fatal(err)
	}
	for first := 1; first <= size; first += 50_000 {
		n := min(50_000, size-first+1)
		if err := s.Update(b.Context(), func(tx *store.Tx) error { return load(b.Context(), tx, first, n) }); err != nil {
			b.Fatal(err)
		}
	}
}

func insertPeople(ctx context.Context, tx *store.Tx) error {
	for _, w := range []fleet.Workspace{
		{ID: issuer, Name: "Issuer", Type: fleet.MobileNetworkOperator, Country: "DE"},
		{ID: left, Name: "Fleet left", Type: fleet.Enterprise, Country: "DE", Parent: issuer},
		{ID: right, Name: "Fleet right", Type: fleet.Enterprise, Country: "DE", Parent: issuer},
	} {
		if err := tx.PutWorkspace(ctx, w); err != nil {
			return err
		}
	}
	hash, err := identity.NewHasher(cheap, 0).Hash(ctx, identity.WireDigest(password))
	if err != nil {
		return err
	}
	u := store.UserRecord{User: fleet.User{
		ID: admin, Username: username, Name: "Admin", Status: fleet.UserActive, DefaultWorkspace: left, PasswordHash: hash,
	}}
	if err := tx.PutUser(ctx, u); err != nil {
		return err
	}
	for _, w := range []fleet.WorkspaceID{left, right} {
		if err := tx.SetMembership(ctx, admin, w, fleet.UserActive, []fleet.Role{fleet.Administrator}); err != nil {
			return err
		}
		for d := range batch {
			id := fleet.DeviceID(int(w)*10_000 + d)
			if err := tx.PutDevice(ctx, fleet.Device{ID: id, Workspace: w, Name: fmt.Sprint("tracker-", id)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// cheap is for hashing that takes no time: no benchmark measures it.
var cheap = identity.Params{Memory: 64, Time: 1, Threads: 1}

func load(ctx context.Context, tx *store.Tx, first, n int) error {
	sims := make([]fleet.SIM, n)
	for i := range sims {
		sims[i] = fleet.SIM{
			ID: fleet.SIMID(first + i), ICCID: iccid(first + i), IMSI: fmt.Sprintf("29505%010d", first+i), MSISDN: fmt.Sprintf("42366%010d", first+i),
			Workspace: left, Issuer: issuer, Produced: time.Unix(1_700_000_000, 0),
		}
	}
	added, err := tx.InsertSIMs(ctx, sims)
	if err != nil {
		return err
	}
	return tx.InsertImport(ctx, fmt.Sprint("load ", first), added)
}

func iccid(id int) fleet.ICCID { return fleet.ICCID(fmt.Sprintf("8988303%012d", id)) }
