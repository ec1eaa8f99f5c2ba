package model

import (
	"time"

	"github.com/simferry/simferry/internal/world"
)

// Model simulates a Simferry in memory: it has the rows that a server would have in its database.
type Model struct {
	now        time.Time
	workspaces map[int64]*workspace
	users      map[int64]*user
	devices    map[int64]*device
	profiles   map[profile]string // names
	sims       map[int64]*sim
	ledger     []*entry // entry i has the id i+1
	jobs       []*job   // job i has the id i+1
	rules      []*rule  // those of the installation first
	ruleSet    int64    // the version
	codes      []*receivingCode
	offers     []*offer
	events     []*event // event i has the id i+1
	bearers    []*issuedBearer
	refresh    []*refreshToken
	families   int
	ended      map[int]bool // families whose bearers are invalid
	kept       map[keptKey]*keptAnswer
	previews   map[string]preview // by entity tag
	counters   map[string]*counter
}

type workspace struct {
	id        int64
	name      string
	kind      int
	suspended bool
	country   string
	parent    int64
}

type user struct {
	id       int64
	username string
	name     string
	status   int
	super    bool
	home     int64
	epoch    int64
	members  map[int64]membership
}

type membership struct {
	suspended bool
	roles     []int
}

// sim is a SIM with its history: states[v] is its state at version v.
type sim struct {
	id                  int64
	iccid, imsi, msisdn string
	issuer, reseller    int64
	produced, activated time.Time
	states              []state
	left                []string // left[v] is the name of the device when version v ended
	offer               int64    // the open offer that it is part of, 0 for none
}

type state struct {
	workspace int64
	status    int
	device    int64
}

func (s *sim) version() int { return len(s.states) - 1 }
func (s *sim) now() state   { return s.states[s.version()] }

// The ids that the contract defines.
const (
	issued, activated, suspended, deleted = 0, 1, 2, 3
	administrator, observer, superAdmin   = 1, 3, 4
	enterprise                            = 4
	active                                = 1
)

var (
	simStatusNames = map[int]string{0: "Issued", 1: "Activated", 2: "Suspended", 3: "Deleted", 4: "Factory Test"}
	eventNames     = map[int]string{
		6: "User authentication failed", 8: "SIM activation", 9: "SIM suspension", 10: "SIM deletion", 42: "Endpoint enabled", 43: "Endpoint disabled", 45: "SIM factory test", 50: "SIM Released", 51: "SIM Assigned",
		67: "User switched workspaces", 69: "SIM migration", 1001: "Connectivity reset",
	}
)

// New returns the model of a new database into which a world file was imported.
func New(w *world.World, now time.Time) *Model {
	m := &Model{
		now: now, workspaces: map[int64]*workspace{}, users: map[int64]*user{}, devices: map[int64]*device{}, profiles: map[profile]string{}, sims: map[int64]*sim{},
		kept: map[keptKey]*keptAnswer{}, previews: map[string]preview{}, ended: map[int]bool{}, counters: map[string]*counter{},
	}
	for _, x := range w.Workspaces {
		m.workspaces[int64(x.ID)] = &workspace{int64(x.ID), x.Name, int(x.Type), x.Status != 0, x.Country, int64(x.Parent)}
	}
	for _, x := range w.Users {
		u := &user{id: int64(x.ID), username: x.Username, name: x.Name, status: int(x.Status), super: x.SuperAdmin, home: int64(x.DefaultWorkspace), members: map[int64]membership{}}
		for ws, role := range x.Roles {
			u.members[int64(ws)] = membership{roles: []int{int(role)}}
		}
		m.users[u.id] = u
	}
	for _, x := range w.Devices {
		m.devices[int64(x.ID)] = &device{
			id: int64(x.ID), workspace: int64(x.Workspace), status: int(x.Status), service: x.ServiceProfile, tariff: x.TariffProfile,
			texts: texts{name: x.Name, tags: x.Tags, imei: x.IMEI}, created: now, updated: now,
		}
	}
	for _, x := range w.Profiles {
		m.profiles[profile{int(x.Kind), x.ID, int64(x.Workspace)}] = x.Name
	}
	for x := range w.AllSIMs() {
		s := &sim{id: int64(x.ID), iccid: string(x.ICCID), imsi: x.IMSI, msisdn: x.MSISDN, issuer: int64(x.Issuer), reseller: int64(x.Reseller), produced: now}
		if s.issuer == 0 {
			s.issuer = int64(x.Workspace)
		}
		if x.Status == activated {
			s.activated = now
		}
		s.states = []state{{int64(x.Workspace), int(x.Status), int64(x.Device)}}
		m.sims[s.id] = s
	}
	m.rules, m.ruleSet = []*rule{shippedRule()}, 1
	m.ledger = []*entry{{kind: 0, at: now, count: len(m.sims)}}
	return m
}

// Advance lets time pass.
func (m *Model) Advance(d time.Duration) { m.now = m.now.Add(d) }

// change gives a SIM its next version.
func (m *Model) change(s *sim, next state) {
	if next.status == activated && s.activated.IsZero() {
		s.activated = m.now
	}
	if next.workspace != s.now().workspace || next.status == deleted {
		s.offer = 0
	}
	s.left = append(s.left, m.nameOf(s.now().device))
	s.states = append(s.states, next)
}

// nameOf returns the name of a device now, "" for none.
func (m *Model) nameOf(device int64) string {
	if d := m.devices[device]; d != nil {
		return d.name
	}
	return ""
}
