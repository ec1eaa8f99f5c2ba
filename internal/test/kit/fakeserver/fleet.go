package fakeserver

import (
	"fmt"
	"sync"

	"github.com/simferry/simferry/api"
)

// SIM is one card.
type SIM struct {
	ID        int64
	ICCID     string
	Status    int64
	Device    int64 // 0 for none
	Workspace int64
	Moves     int // how often it changed Workspace by a migration
}

// Fleet is the data of a server and the kind of server.
type Fleet struct {
	// NamesMissing lists every SIM that is not found; else a 404 says only that there is one.
	NamesMissing bool
	// SecondSource is refused with 1507 for SIMs by ICCID; else any mix will do.
	SecondSource bool

	mu         sync.Mutex
	sims       map[int64]*SIM
	byICCID    map[string]int64
	workspaces map[int64]string
}

// NewFleet has Workspaces and no SIMs.
func NewFleet(workspaces map[int64]string) *Fleet {
	return &Fleet{sims: make(map[int64]*SIM), byICCID: make(map[string]int64), workspaces: workspaces}
}

// Add puts a SIM in.
func (f *Fleet) Add(s SIM) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sims[s.ID] = &s
	f.byICCID[s.ICCID] = s.ID
}

// Change changes a SIM as another client would.
func (f *Fleet) Change(id int64, do func(*SIM)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(f.sims[id])
}

// Remove deletes a SIM.
func (f *Fleet) Remove(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byICCID, f.sims[id].ICCID)
	delete(f.sims, id)
}

// SIM looks one up.
func (f *Fleet) SIM(id int64) (SIM, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.sims[id]
	if !ok {
		return SIM{}, false
	}
	return *s, true
}

// Tally counts the SIMs in a Workspace, and over all SIMs the moves, and those that moved
// more than once.
func (f *Fleet) Tally(workspace int64) (in, moves, twice int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sims {
		if s.Workspace == workspace {
			in++
		}
		moves += s.Moves
		if s.Moves > 1 {
			twice++
		}
	}
	return in, moves, twice
}

// Migrate handles the migration of SIMs.
func (f *Fleet) Migrate(r api.MigrationRequest) (status int, body any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	target, _ := r.TargetWorkspace.Get()
	t := int64(*target.ID)
	if f.workspaces[t] == "" {
		return 404, problem(1201, "NotFound", fmt.Sprintf("organisation with id %d not found", t))
	}
	sims, n, missing := f.selected(r)
	switch {
	case n == 0 || n > 500:
		return 400, problem(1000, "BadRequest", "name one to 500 SIMs")
	case len(missing) > 0:
		return 404, f.notFound(missing)
	case len(sims) == 0:
		return 404, problem(1201, "NotFound", "no SIM in that range")
	}
	if groups := f.conflicts(r, sims); len(groups) > 0 {
		return 409, api.MigrationConflict{StatusCode: 409, Message: "no", Errors: groups}
	}
	answer := api.MigrationResponse{
		SIMCount: len(sims), DryRun: r.DryRun.Or(true), TargetWorkspace: f.named(t),
		AutoDetachDevices: r.AutoDetachDevices.Or(false), SIMs: f.wire(sims),
	}
	if !answer.DryRun {
		for _, s := range sims {
			s.move(t)
		}
	}
	return 200, answer
}

func (s *SIM) move(target int64) {
	s.Workspace, s.Device = target, 0
	s.Moves++
	if s.Status == 1 {
		s.Status = 2
	}
}

// selected finds the SIMs of a request, and counts the numbers in it.
func (f *Fleet) selected(r api.MigrationRequest) (sims []*SIM, n int, missing []string) {
	find := func(id int64, name string) {
		if s := f.sims[id]; s != nil {
			sims = append(sims, s)
		} else {
			missing = append(missing, name)
		}
	}
	if ids, ok := r.SIMs.Get(); ok {
		for _, ref := range ids {
			find(int64(*ref.ID), fmt.Sprint(*ref.ID))
		}
		return sims, len(ids), missing
	}
	if iccids, ok := r.ICCIDs.Get(); ok {
		for _, iccid := range iccids {
			find(f.byICCID[iccid], iccid)
		}
		return sims, len(iccids), missing
	}
	span, _ := r.ICCIDRange.Get()
	var first, last uint64
	_, _ = fmt.Sscan(span.Start, &first)
	_, _ = fmt.Sscan(span.End, &last)
	for number := first; number <= last && number-first < 500; number++ {
		if s := f.sims[f.byICCID[fmt.Sprintf("%019d", number)]]; s != nil {
			sims = append(sims, s)
		}
	}
	return sims, int(last-first) + 1, nil
}

func (f *Fleet) notFound(missing []string) api.Error {
	e := problem(1201, "NotFound", "there is a SIM that was not found")
	if f.NamesMissing {
		for _, name := range missing {
			e.Errors = append(e.Errors, api.Problem{ErrorCode: 1201, ErrorToken: "NotFound", Message: "no SIM " + name})
		}
	}
	return e
}

func (f *Fleet) conflicts(r api.MigrationRequest, sims []*SIM) []api.ConflictReason {
	allowed, limited := r.AllowedSIMStatuses.Get()
	var attached, status, sources []*SIM
	from := make(map[int64]bool)
	for _, s := range sims {
		if s.Device != 0 && !r.AutoDetachDevices.Or(false) {
			attached = append(attached, s)
		}
		if limited && !contains(allowed, s.Status) {
			status = append(status, s)
		}
		from[s.Workspace] = true
	}
	if _, byID := r.SIMs.Get(); f.SecondSource && !byID && len(from) > 1 {
		sources = sims
	}
	var groups []api.ConflictReason
	for _, g := range []struct {
		code    int
		message string
		sims    []*SIM
	}{
		{1502, "SIM(s) attached to devices", attached},
		{1503, "SIM(s) in disallowed status", status},
		{1507, "more than one source", sources},
	} {
		if len(g.sims) > 0 {
			groups = append(groups, api.ConflictReason{ErrorCode: g.code, Message: g.message, SIMs: f.wire(g.sims)})
		}
	}
	return groups
}

func contains(refs []api.IDRef, id int64) bool {
	for _, r := range refs {
		if int64(*r.ID) == id {
			return true
		}
	}
	return false
}

var statuses = []string{"Issued", "Activated", "Suspended", "Deleted", "Factory Test"}

func (f *Fleet) named(workspace int64) api.NamedRef {
	return api.NamedRef{ID: workspace, Name: f.workspaces[workspace]}
}

func (f *Fleet) wire(sims []*SIM) []api.MigrationSIM {
	list := make([]api.MigrationSIM, len(sims))
	for i, s := range sims {
		list[i] = api.MigrationSIM{ID: s.ID, ICCID: s.ICCID, Status: s.status(), Endpoint: s.device(), SourceWorkspace: f.named(s.Workspace)}
	}
	return list
}

func (s *SIM) status() api.Ref { return api.Ref{ID: s.Status, Description: statuses[s.Status]} }

func (s *SIM) device() *api.NamedRef {
	if s.Device == 0 {
		return nil
	}
	return &api.NamedRef{ID: s.Device, Name: fmt.Sprintf("device-%d", s.Device)}
}

func problem(code int, token, message string) api.Error {
	return api.Error{ErrorCode: code, ErrorToken: token, Message: message}
}
