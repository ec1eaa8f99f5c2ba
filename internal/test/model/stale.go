package model

import (
	"slices"
	"strings"
)

// preview is the result of a dry run, kept by its entity tag.
type preview struct {
	meaning string
	sims    []seen
}

type seen struct {
	id      int64
	iccid   string
	version int
}

// Previewed records the entity tag of a dry run that returned 200. It reports false if the tag
// was already used for a different preview.
func (m *Model) Previewed(bearer int, a MigrationRequest, tag string) bool {
	c, _ := m.authenticate(bearer)
	w, _ := a.decode()
	p := preview{meaning: w.meaning()}
	for _, s := range m.find(c.user, w).sims {
		p.sims = append(p.sims, seen{s.id, s.iccid, s.version()})
	}
	old, known := m.previews[tag]
	m.previews[tag] = p
	return !known || old.meaning == p.meaning && slices.Equal(old.sims, p.sims)
}

// ifMatch reads the header. The preview is nil without a condition.
func (m *Model) ifMatch(header string) (*preview, *Answer) {
	if header == "" || header == "*" {
		return nil, nil
	}
	var of *preview
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' || strings.Count(tag, `"`) != 2 {
			no := badRequest()
			return nil, &no
		}
		if p, known := m.previews[tag]; known && of == nil {
			of = &p
		}
	}
	if of == nil {
		no := outdated([]any{})
		return nil, &no
	}
	return of, nil
}

func outdated(sims []any) Answer {
	a := refusal(412, 4120, "PreconditionFailed")
	a.Body = object{"error_code": 4120, "error_token": "PreconditionFailed", "sims": sims}
	return a
}

// stale returns the 412, or nil if the preview is still valid. A changed SIM takes precedence over
// a refusal by the rules.
func (m *Model) stale(u *user, w wanted, p preview, f found) *Answer {
	if p.meaning != w.meaning() {
		no := outdated([]any{})
		return &no
	}
	drift := m.drift(u, w, p, f)
	if len(drift) == 0 {
		return nil
	}
	no := outdated(drift)
	return &no
}

// drift describes the changes of each SIM since the preview, in the order of the request; the SIMs
// of a range are sorted.
func (m *Model) drift(u *user, w wanted, p preview, f found) []any {
	now := map[string]*sim{}
	before := map[string]int{}
	var keys []string
	key := func(id int64, iccid string) string {
		if w.ids != nil {
			return number(id)
		}
		return iccid
	}
	for _, s := range p.sims {
		before[key(s.id, s.iccid)] = s.version
		keys = append(keys, key(s.id, s.iccid))
	}
	for _, s := range f.sims {
		k := key(s.id, s.iccid)
		if now[k] = s; !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	if w.start != "" {
		slices.Sort(keys)
	}
	var drift []any
	for _, k := range keys {
		version, had := before[k]
		s := now[k]
		switch {
		case s == nil:
			drift = append(drift, vanished(w, k))
		case !had:
			drift = append(drift, appeared(s))
		case s.version() != version:
			drift = append(drift, m.changed(u, s, version))
		}
	}
	return drift
}

func presence(id int) object {
	return object{"id": id, "description": [...]string{"not found", "found"}[id]}
}

// vanished describes a SIM that is no longer found, with only what the request named.
func vanished(w wanted, key string) object {
	changes := []any{object{"property": "sim", "was": presence(1), "now": presence(0)}}
	if w.ids == nil {
		return object{"iccid": key, "iccid_with_luhn": withLuhn(key), "changes": changes}
	}
	for _, id := range w.ids {
		if number(id) == key {
			return object{"id": id, "changes": changes}
		}
	}
	panic("a SIM that the request does not name")
}

func appeared(s *sim) object {
	return staleSIM(s, []any{object{"property": "sim", "was": presence(0), "now": presence(1)}})
}

func staleSIM(s *sim, changes []any) object {
	return object{"id": s.id, "iccid": s.iccid, "iccid_with_luhn": withLuhn(s.iccid), "changes": changes}
}

// changed describes the changes between two versions. A state in a Workspace that the caller may
// not see is withheld.
func (m *Model) changed(u *user, s *sim, version int) object {
	was, is := s.states[version], s.now()
	if m.role(u, was.workspace) == 0 {
		return appeared(s)
	}
	changes := []any{}
	if was.workspace != is.workspace {
		changes = append(changes, object{"property": "workspace", "was": m.workspaceRef(was.workspace), "now": m.workspaceRef(is.workspace)})
	}
	if was.status != is.status {
		changes = append(changes, object{"property": "status", "was": statusRef(was.status), "now": statusRef(is.status)})
	}
	if was.device != is.device {
		changes = append(changes, object{"property": "device", "was": deviceOrNull(was.device, s.left[version]), "now": deviceOrNull(is.device, m.nameOf(is.device))})
	}
	return staleSIM(s, changes)
}

func deviceOrNull(id int64, name string) any {
	if id == 0 {
		return nil
	}
	v := object{"id": id}
	if name != "" {
		v["name"] = name
	}
	return v
}
