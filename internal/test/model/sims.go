package model

import (
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// sees reports whether a SIM is in the scope of a token's Workspace: its own, and those that it
// issued or resells unless it is an enterprise.
func (m *Model) sees(ws int64, s *sim) bool {
	if s.now().workspace == ws {
		return true
	}
	return m.workspaces[ws].kind != enterprise && (s.issuer == ws || s.reseller == ws)
}

func (m *Model) visibleSIM(c caller, id int64) (*sim, *Answer) {
	s := m.sims[id]
	if s == nil || s.now().status == deleted || !m.sees(c.workspace, s) {
		no := notFound("sim with id " + number(id) + " not found")
		return nil, &no
	}
	return s, nil
}

// GetSIM models GET /api/v1/sim/{id}.
func (m *Model) GetSIM(bearer int, id int64) Answer {
	c, refused := m.admit(bearer, readers)
	if refused != nil {
		return *refused
	}
	s, no := m.visibleSIM(c, id)
	if no != nil {
		return *no
	}
	return ok(m.simBody(s))
}

func (m *Model) simBody(s *sim) object {
	body := object{
		"id": s.id, "iccid": s.iccid, "iccid_with_luhn": withLuhn(s.iccid), "imsi": s.imsi, "msisdn": s.msisdn,
		"status": statusRef(s.now().status), "production_date": resourceTime(s.produced),
		"customer_org": m.org(s.now().workspace), "issuer_org": m.org(s.issuer),
		"model": object{
			"id": 1, "description": "Standard SIM", "memory_size": 128,
			"formfactor": object{"id": 1, "name": "2FF/3FF/4FF"}, "manufacturer": object{"id": 1, "name": "Unknown"},
		},
	}
	if !s.activated.IsZero() {
		body["activation_date"] = resourceTime(s.activated)
	}
	if s.reseller != 0 {
		body["reseller_org"] = m.org(s.reseller)
	}
	return m.addDevice(body, s.now().device)
}

func (m *Model) org(ws int64) object {
	body := m.workspaceRef(ws)
	if c, is := fleet.CountryByISO(m.workspaces[ws].country); is {
		body["country"] = object{"id": c.ID, "name": c.Name, "iso_code": strings.ToLower(c.ISO), "mcc": c.MCC, "country_code": c.CallingCode}
	}
	return body
}

// validTransition accepts 0→1, 0→4, 4→1, 1→2, 2→1.
func validTransition(was, next int) bool {
	return slices.Contains([][2]int{{0, 1}, {0, 4}, {4, 1}, {1, 2}, {2, 1}}, [2]int{was, next})
}

func (m *Model) setStatus(c caller, s *sim, status int) {
	next := s.now()
	next.status = status
	m.change(s, next)
	e := &entry{kind: 2, user: c.id(), app: c.app, count: 1, lines: []line{{sim: s, version: s.version()}}}
	m.statusEvents(e.lines[0], c.id(), m.write(e))
}
