package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

// The fixture's Workspaces and users.
const (
	Carrier       fleet.WorkspaceID = 1   // MNO; issued every SIM
	Resale        fleet.WorkspaceID = 2   // reseller of SIMs 11 to 14
	FleetDE       fleet.WorkspaceID = 100 // enterprise with SIMs 10 to 19
	FleetAT       fleet.WorkspaceID = 200 // enterprise with SIMs 20 to 22
	FleetBR       fleet.WorkspaceID = 300 // suspended enterprise in Brazil, SIM 30
	nowhere       fleet.WorkspaceID = 999
	Admin         fleet.UserID      = 1 // Administrator of FleetDE and FleetAT
	Observer      fleet.UserID      = 2 // Observer of FleetDE
	SuspendedUser fleet.UserID      = 3 // Administrator of FleetDE, suspended there
	Super         fleet.UserID      = 4 // SuperAdmin
	Stranger      fleet.UserID      = 5 // not a member of any Workspace
)

var (
	workspaces = []fleet.Workspace{
		{ID: Carrier, Name: "Carrier", Type: fleet.MobileNetworkOperator, Country: "NL"},
		{ID: Resale, Name: "Resale", Type: fleet.Reseller, Country: "DE", Parent: Carrier},
		{ID: FleetDE, Name: "Fleet DE", Type: fleet.Enterprise, Country: "DE", Parent: Resale},
		{ID: FleetAT, Name: "Fleet AT", Type: fleet.Enterprise, Country: "AT", Parent: Resale},
		{ID: FleetBR, Name: "Fleet BR", Type: fleet.Enterprise, Status: fleet.WorkspaceSuspended, Country: "BR"},
	}
	users = []store.UserRecord{
		{User: fleet.User{ID: Admin, Username: "admin@example.com", Name: "Admin", Status: fleet.UserActive, DefaultWorkspace: FleetDE, PasswordHash: "h1"}},
		{User: fleet.User{ID: Observer, Username: "observer@example.com", Name: "Observer", Status: fleet.UserActive, PasswordHash: "h2"}},
		{User: fleet.User{ID: SuspendedUser, Username: "ousted@example.com", Name: "Ousted", Status: fleet.UserActive, PasswordHash: "h3"}},
		{User: fleet.User{ID: Super, Username: "super@example.com", Name: "Super", Status: fleet.UserActive, PasswordHash: "h4"}, SuperAdmin: true},
		{User: fleet.User{ID: Stranger, Username: "stranger@example.com", Name: "Stranger", Status: fleet.UserActive, PasswordHash: "h5"}},
	}
	devices = []fleet.Device{
		{ID: 9001, Workspace: FleetDE, Name: "tracker-1"},
		{ID: 9002, Workspace: FleetDE, Name: "tracker-2", Status: fleet.DeviceDisabled},
		{ID: 9003, Workspace: FleetAT, Name: "tracker-3"},
	}
)

// ICCIDOf returns the ICCID of the fixture's SIM.
func ICCIDOf(id fleet.SIMID) fleet.ICCID { return fleet.ICCID(fmt.Sprintf("898830300%010d", id)) }

// plain returns an issued SIM that differs from others in its numbers only.
func plain(id fleet.SIMID, ws fleet.WorkspaceID) fleet.SIM {
	return fleet.SIM{
		ID: id, ICCID: ICCIDOf(id), IMSI: fmt.Sprintf("29505%010d", id), MSISDN: fmt.Sprintf("42366%010d", id), EID: fmt.Sprintf("890490%d", id),
		Workspace: ws, Issuer: Carrier, Model: fleet.StandardModel, Produced: start.Add(-time.Duration(id) * 24 * time.Hour),
	}
}

// fixtureSIMs has SIMs of every status, two of them in devices.
func fixtureSIMs() []fleet.SIM {
	sims := make([]fleet.SIM, 0, 14)
	for id := fleet.SIMID(10); id < 20; id++ {
		s := plain(id, FleetDE)
		s.Status = []fleet.SIMStatus{fleet.SIMIssued, fleet.SIMActivated, fleet.SIMSuspended, fleet.SIMActivated, fleet.SIMFactoryTest}[id%5]
		if s.Status == fleet.SIMActivated || s.Status == fleet.SIMSuspended {
			s.Activated = start.Add(-time.Hour)
		}
		if id >= 11 && id <= 14 {
			s.Reseller = Resale
		}
		sims = append(sims, s)
	}
	sims[1].Device, sims[2].Device = 9001, 9002
	for id := fleet.SIMID(20); id < 23; id++ {
		sims = append(sims, plain(id, FleetAT))
	}
	sims[12].Device = 9003
	return append(sims, plain(30, FleetBR))
}

// Load fills an empty store with the fixture.
func Load(t testing.TB, s *store.Store) {
	t.Helper()
	ctx := t.Context()
	if err := s.Update(ctx, func(tx *store.Tx) error { return load(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

func load(ctx context.Context, tx *store.Tx) error {
	for _, w := range workspaces {
		if err := tx.PutWorkspace(ctx, w); err != nil {
			return err
		}
	}
	if err := loadUsers(ctx, tx); err != nil {
		return err
	}
	for _, d := range devices {
		if err := tx.PutDevice(ctx, d); err != nil {
			return err
		}
	}
	added, err := tx.InsertSIMs(ctx, fixtureSIMs())
	if err != nil {
		return err
	}
	return tx.InsertImport(ctx, "fixture", added)
}

func loadUsers(ctx context.Context, tx *store.Tx) error {
	for _, u := range users {
		if err := tx.PutUser(ctx, u); err != nil {
			return err
		}
	}
	for _, m := range []struct {
		user   fleet.UserID
		ws     fleet.WorkspaceID
		status fleet.UserStatus
		roles  []fleet.Role
	}{
		{Admin, FleetDE, fleet.UserActive, []fleet.Role{fleet.Administrator, fleet.Member}},
		{Admin, FleetAT, fleet.UserActive, []fleet.Role{fleet.Administrator}},
		{Observer, FleetDE, fleet.UserActive, []fleet.Role{fleet.Observer}},
		{SuspendedUser, FleetDE, fleet.UserSuspended, []fleet.Role{fleet.Administrator}},
	} {
		if err := tx.SetMembership(ctx, m.user, m.ws, m.status, m.roles); err != nil {
			return err
		}
	}
	return nil
}

// fleet loads the fixture into the test's store.
func (e *env) fleet() {
	e.Helper()
	Load(e, e.s)
	CheckSums(e, e.s)
}

func workspace(id fleet.WorkspaceID) fleet.Workspace {
	for _, w := range workspaces {
		if w.ID == id {
			w.Created = start
			return w
		}
	}
	panic(fmt.Sprintf("the fixture has no Workspace %d", id))
}
