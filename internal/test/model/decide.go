package model

import (
	"slices"
)

// decide returns a 200 without a body, a 404 or a 409.
func (m *Model) decide(u *user, w wanted) (Answer, found) {
	f := m.find(u, w)
	if !m.administers(u, w.target) {
		f.missing = append([]string{"workspace with id " + number(w.target) + " not found"}, f.missing...)
	}
	if len(f.missing) > 0 {
		return allMissing(f.missing), f
	}
	if groups := m.conflicts(w, f.sims, func(ws int64) bool { return m.administers(u, ws) }); len(groups) > 0 {
		return against(groups), f
	}
	return Answer{Status: 200}, f
}

func against(groups []any) Answer {
	return Answer{Status: 409, Body: object{"status_code": 409, "errors": groups}, Free: []string{"message"}}
}

func allMissing(list []string) Answer {
	errors := make([]any, len(list))
	for i, words := range list {
		errors[i] = object{"error_code": 1201, "error_token": "NotFound", "message": words}
	}
	a := refusal(404, 1201, "NotFound")
	a.Body = object{"error_code": 1201, "error_token": "NotFound", "errors": errors}
	return a
}

func (m *Model) conflicts(w wanted, sims []*sim, administers func(ws int64) bool) []any {
	target := m.workspaces[w.target]
	var groups []any
	add := func(code int, message string, holds func(*sim) bool) {
		if blocked := m.those(sims, holds); len(blocked) > 0 {
			groups = append(groups, object{"error_code": code, "message": message, "sims": blocked})
		}
	}
	add(1502, "SIM(s) attached to devices", func(s *sim) bool { return s.now().device != 0 && !w.detach })
	add(1503, "SIM(s) in disallowed status", func(s *sim) bool {
		return w.allowed != nil && !slices.Contains(w.allowed, s.now().status)
	})
	add(1504, "No admin access on source workspace", func(s *sim) bool { return !administers(s.now().workspace) })
	add(1505, "Migration between Brazilian and non-Brazilian workspaces is not allowed", func(s *sim) bool {
		return (m.workspaces[s.now().workspace].country == "BR") != (target.country == "BR")
	})
	add(1506, "SIM(s) already in the target Workspace", func(s *sim) bool { return s.now().workspace == w.target })
	groups = append(groups, m.ruleGroups(w.target, sims, ruleAsk{request: len(sims)})...)
	if w.ids == nil && m.sources(sims, w.target) > 1 {
		add(1507, "SIMs belong to more than one source Workspace", func(s *sim) bool { return s.now().workspace != w.target })
	}
	if target.kind != enterprise && !w.stock {
		groups = append(groups, object{"error_code": 1508, "message": "Target Workspace is not an enterprise Workspace", "sims": []any{}})
	}
	if target.suspended {
		groups = append(groups, object{"error_code": 1509, "message": "Target Workspace is suspended", "sims": []any{}})
	}
	add(1513, "SIM(s) are part of a pending offer: the giver can cancel it", func(s *sim) bool { return s.offer != 0 && s.offer != w.offer })
	return byCode(groups)
}

// sources counts the Workspaces that SIMs would leave.
func (m *Model) sources(sims []*sim, target int64) int {
	leaving := map[int64]bool{}
	for _, s := range sims {
		if ws := s.now().workspace; ws != target {
			leaving[ws] = true
		}
	}
	return len(leaving)
}

func (m *Model) those(sims []*sim, which func(*sim) bool) []any {
	list := []any{}
	for _, s := range sims {
		if which(s) {
			list = append(list, m.simLine(s))
		}
	}
	return list
}

// simLine returns a SIM of a plan or of a conflict, as it is before the move.
func (m *Model) simLine(s *sim) object {
	return m.addDevice(object{
		"id": s.id, "iccid": s.iccid, "iccid_with_luhn": withLuhn(s.iccid), "status": statusRef(s.now().status),
		"source_workspace": m.workspaceRef(s.now().workspace),
	}, s.now().device)
}

func (m *Model) planBody(w wanted, f found) object {
	body := object{
		"sim_count": len(f.sims), "dry_run": w.dry, "target_workspace": m.workspaceRef(w.target), "auto_detach_devices": w.detach,
		"allowed_sim_statuses": allowedRefs(w.allowed), "sims": m.those(f.sims, func(*sim) bool { return true }),
	}
	if warnings := m.warnings(w.target, f.sims); warnings != nil {
		body["warnings"] = warnings
	}
	return body
}

func allowedRefs(list []int) any {
	if list == nil {
		return nil
	}
	refs := []any{}
	for _, id := range list {
		refs = append(refs, statusRef(id))
	}
	return refs
}
