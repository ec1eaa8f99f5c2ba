package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
)

// MigrationRequest is a migration as a client sends it.
type MigrationRequest struct {
	Body      object // with Go's own types: int64 ids, []object, []string
	Malformed bool   // sent with a fault that Body does not show
	Key       string // Idempotency-Key
	IfMatch   string // as in the header
}

// wanted is the decoded body of a migration.
type wanted struct {
	target     int64
	ids        []int64
	iccids     []string
	start, end string // of a range
	allowed    []int  // nil for all
	dry        bool
	detach     bool
	stock      bool // the target is the issuer, which need not be an enterprise
	activate   bool // SIMs stay Activated
	offer      int64
	note       note
}

// decode reads the body. valid is false if the request is refused before any SIM is read.
func (a MigrationRequest) decode() (w wanted, valid bool) {
	target, given := refID(a.Body["target_workspace"])
	if a.Malformed || !given {
		return w, false
	}
	w.target, w.dry = target, true
	if dry, said := a.Body["dry_run"].(bool); said {
		w.dry = dry
	}
	w.detach, _ = a.Body["auto_detach_devices"].(bool)
	return w, w.selection(a.Body) && w.statuses(a.Body["allowed_sim_statuses"])
}

func (w *wanted) selection(body object) bool {
	sims, bySIM := body["sims"].([]object)
	iccids, byICCID := body["iccids"].([]string)
	span, byRange := body["iccid_range"].(object)
	switch {
	case bySIM && !byICCID && !byRange:
		return w.readSIMs(sims)
	case byICCID && !bySIM && !byRange:
		return w.readICCIDs(iccids)
	case byRange && !bySIM && !byICCID:
		w.start, _ = span["start"].(string)
		w.end, _ = span["end"].(string)
		return nineteenDigits(w.start) && nineteenDigits(w.end) && w.start <= w.end && atMost500(w.start, w.end)
	}
	return false
}

// readSIMs reads the ids of SIMs, each once, in the order of their first mention.
func (w *wanted) readSIMs(sims []object) bool {
	for _, ref := range sims {
		if id, _ := refID(ref); !slices.Contains(w.ids, id) {
			w.ids = append(w.ids, id)
		}
	}
	return 1 <= len(w.ids) && len(w.ids) <= 500
}

// readICCIDs reads ICCIDs like readSIMs.
func (w *wanted) readICCIDs(iccids []string) bool {
	for _, iccid := range iccids {
		if !nineteenDigits(iccid) {
			return false
		}
		if !slices.Contains(w.iccids, iccid) {
			w.iccids = append(w.iccids, iccid)
		}
	}
	return 1 <= len(w.iccids) && len(w.iccids) <= 500
}

// atMost500 reports whether a range has at most 500 numbers.
func atMost500(start, end string) bool {
	at := start
	for range 500 {
		if at == end {
			return true
		}
		at = successor(at)
	}
	return false
}

// successor adds one to a decimal number, digit by digit.
func successor(n string) string {
	digits := []byte(n)
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i] != '9' {
			digits[i]++
			break
		}
		digits[i] = '0'
	}
	return string(digits)
}

func nineteenDigits(s string) bool {
	return len(s) == 19 && strings.Trim(s, "0123456789") == ""
}

func (w *wanted) statuses(v any) bool {
	list, given := v.([]object)
	if !given {
		return true
	}
	w.allowed = []int{}
	for _, ref := range list {
		id, _ := refID(ref)
		if _, is := simStatusNames[int(id)]; !is {
			return false
		}
		w.allowed = append(w.allowed, int(id))
	}
	return len(w.allowed) > 0
}

func refID(v any) (int64, bool) {
	ref, is := v.(object)
	if !is {
		return 0, false
	}
	id, is := ref["id"].(int64)
	return id, is
}

// meaning returns a text that is equal for two requests with the same effect.
func (w wanted) meaning() string {
	allowed := slices.Clone(w.allowed)
	sort.Ints(allowed)
	return fmt.Sprint(w.target, w.ids, w.iccids, w.start, w.end, w.allowed != nil, slices.Compact(allowed), w.detach)
}

// fingerprint returns a text that is equal for two requests with the same content. False is the
// default of auto_detach_devices, so it is left out.
func (a MigrationRequest) fingerprint() string {
	body := maps.Clone(a.Body)
	if body["auto_detach_devices"] == false {
		delete(body, "auto_detach_devices")
	}
	text, err := json.Marshal(body) // it sorts the keys
	if err != nil {
		panic(err)
	}
	return string(text) + a.IfMatch
}

// found holds the SIMs of a request that the caller may see.
type found struct {
	sims    []*sim
	missing []string
}

func (m *Model) find(u *user, w wanted) (f found) {
	see := func(s *sim) bool { return s != nil && s.now().status != deleted && m.role(u, s.now().workspace) != 0 }
	for _, id := range w.ids {
		if s := m.sims[id]; see(s) {
			f.sims = append(f.sims, s)
		} else {
			f.missing = append(f.missing, fmt.Sprintf("sim with id %d not found", id))
		}
	}
	for _, iccid := range w.iccids {
		if s := m.simWith(iccid); see(s) {
			f.sims = append(f.sims, s)
		} else {
			f.missing = append(f.missing, fmt.Sprintf("sim with iccid %s not found", iccid))
		}
	}
	if w.start == "" {
		return f
	}
	for _, s := range m.sims {
		if w.start <= s.iccid && s.iccid <= w.end && see(s) {
			f.sims = append(f.sims, s)
		}
	}
	slices.SortFunc(f.sims, func(a, b *sim) int { return strings.Compare(a.iccid, b.iccid) })
	if len(f.sims) == 0 {
		f.missing = append(f.missing, fmt.Sprintf("no sim with an iccid from %s to %s found", w.start, w.end))
	}
	return f
}

// simWith finds the SIM with an ICCID that is not deleted. There is at most one.
func (m *Model) simWith(iccid string) *sim {
	for _, s := range m.sims {
		if s.iccid == iccid && s.now().status != deleted {
			return s
		}
	}
	return nil
}

// Migrate models POST /api/v1/sim/migration/workspace.
func (m *Model) Migrate(bearer int, a MigrationRequest) Answer {
	c, refused := m.admit(bearer, members)
	if refused != nil {
		return *refused
	}
	w, valid := a.decode()
	if !valid {
		return badRequest()
	}
	if w.dry {
		answer, f := m.decide(c.user, w)
		if answer.Status == 200 {
			answer.Body = m.planBody(w, f)
		}
		return answer
	}
	return m.realRun(c, a, w)
}

func (m *Model) realRun(c caller, a MigrationRequest, w wanted) Answer {
	tag, no := m.ifMatch(a.IfMatch)
	if no != nil {
		return *no
	}
	key := keptKey{c.id(), c.app, c.workspace, "sim.migrate", a.Key}
	if stored := m.kept[key]; a.Key != "" && stored != nil {
		return m.replay(stored, a.fingerprint(), func() *Answer { return m.mayReplay(c.user, w, stored) })
	}
	answer, f := m.decide(c.user, w)
	if tag != nil && m.administers(c.user, w.target) {
		if stale := m.stale(c.user, w, *tag, f); stale != nil {
			return *stale
		}
	}
	var e *entry
	if answer.Status == 200 {
		answer.Body = m.planBody(w, f)
		e = m.move(c, "role", w, f)
		answer = answer.with("Location", fmt.Sprintf("/api/v1/migration/%d", len(m.ledger)))
	}
	if a.Key != "" && (answer.Status == 200 || answer.Status == 409) {
		m.kept[key] = &keptAnswer{fingerprint: a.fingerprint(), answer: answer, entry: e}
	}
	return answer.with("Idempotent-Replayed", "")
}
