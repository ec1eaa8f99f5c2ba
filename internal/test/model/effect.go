package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is one row of the ledger.
type entry struct {
	kind    int // 0 import, 1 migration, 2 status, 3 attachment, 4 detachment, 5 deletion
	at      time.Time
	user    int64
	app     int64
	target  int64
	count   int
	detach  bool
	allowed []int
	by      string   // the authority by which SIMs moved
	sources []source // ascending
	lines   []line
	undo    *undoing // of an undo
	note    note
	offer   int64
	ruleSet int64 // the version that decided
	job     *job  // the job that wrote it; nil for a direct request
}

type source struct {
	workspace int64
	count     int
}

// line is a SIM that went from one version to the next.
type line struct {
	sim     *sim
	version int // after
}

func (l line) before() state { return l.sim.states[l.version-1] }
func (l line) after() state  { return l.sim.states[l.version] }

// deviceName returns the name, at the time of the change, of the device that the SIM was in before.
func (l line) deviceName() string { return l.sim.left[l.version-1] }

// event is something that happened in a Workspace.
type event struct {
	at        time.Time
	kind      int
	severity  int
	workspace int64
	user      int64
	sim       int64
	device    int64
	entry     int64
	words     string
}

func (m *Model) addEvent(e event) {
	e.at = m.now
	m.events = append(m.events, &e)
}

// write gives a ledger entry its id.
func (m *Model) write(e *entry) int64 {
	e.at, e.ruleSet = m.now, m.ruleSet
	m.ledger = append(m.ledger, e)
	return int64(len(m.ledger))
}

// move applies a plan: it moves every SIM, and adds the events and one ledger entry. by is the
// caller's authority: "role" or "issuer".
func (m *Model) move(c caller, by string, w wanted, f found) *entry {
	e := &entry{
		kind: 1, by: by, user: c.id(), app: c.app, target: w.target, count: len(f.sims), detach: w.detach, allowed: w.allowed, sources: countBySource(f.sims), note: w.note, offer: w.offer,
	}
	giver := c.id() // the user in the events of the sources
	if w.offer != 0 {
		giver = 0
	}
	id := m.write(e)
	for _, s := range f.sims {
		was := s.now()
		next := state{workspace: w.target, status: was.status}
		if was.status == activated && !w.activate {
			next.status = suspended
		}
		m.change(s, next)
		l := line{sim: s, version: s.version()}
		e.lines = append(e.lines, l)
		if was.device != 0 {
			m.addEvent(event{kind: 50, workspace: was.workspace, user: giver, sim: s.id, device: was.device, entry: id,
				words: fmt.Sprintf("SIM %d released from endpoint %d", s.id, was.device)})
		}
		m.statusEvents(l, giver, id)
	}
	m.moveEvents(e, id)
	return e
}

// countBySource counts the SIMs by the Workspace in which they are.
func countBySource(sims []*sim) (list []source) {
	counts := map[int64]int{}
	for _, s := range sims {
		counts[s.now().workspace]++
	}
	for ws, n := range counts {
		list = append(list, source{ws, n})
	}
	slices.SortFunc(list, func(a, b source) int { return int(a.workspace - b.workspace) })
	return list
}

// statusEvents adds the event of a change of status, in the former Workspace of the SIM.
func (m *Model) statusEvents(l line, user, id int64) {
	was, is := l.before(), l.after()
	if was.status == is.status {
		return
	}
	kind := map[int]int{activated: 8, suspended: 9, deleted: 10, 4: 45}[is.status]
	m.addEvent(event{kind: kind, workspace: was.workspace, user: user, sim: l.sim.id, device: was.device, entry: id,
		words: fmt.Sprintf("Status of SIM changed from '%s' to '%s'", simStatusNames[was.status], simStatusNames[is.status])})
}

// moveEvents adds one event 69 in each source and one in the target.
func (m *Model) moveEvents(e *entry, id int64) {
	var from []string
	words, giver := e.undo.words()+e.note.words(), e.user
	if e.offer != 0 {
		words, giver = ", offer "+number(e.offer)+words, 0
	}
	for _, s := range e.sources {
		from = append(from, m.side(s.workspace))
		m.addEvent(event{kind: 69, workspace: s.workspace, user: giver, entry: id,
			words: fmt.Sprintf("%s migrated to workspace %s", sims(s.count), m.side(e.target)+words)})
	}
	m.addEvent(event{kind: 69, workspace: e.target, user: e.user, entry: id,
		words: fmt.Sprintf("%s migrated from workspace %s", sims(e.count), strings.Join(from, ", ")+words)})
}

// note is the reference and the reason of a change.
type note struct{ reference, reason string }

// noteOf reads the note of a body; fine is false if a text is too long.
func noteOf(body object) (n note, fine bool) {
	n.reference, _ = body["reference"].(string)
	n.reason, _ = body["reason"].(string)
	return n, len(n.reference) <= 100 && len(n.reason) <= 500
}

func (n note) words() (text string) {
	if n.reference != "" {
		text = ", reference " + n.reference
	}
	if n.reason != "" {
		text += ", reason: " + n.reason
	}
	return text
}

// show adds the note to the body of an entry.
func (n note) show(body object) {
	for name, text := range map[string]string{"reference": n.reference, "reason": n.reason} {
		if text != "" {
			body[name] = text
		}
	}
}

func (u *undoing) words() string {
	if u == nil {
		return ""
	}
	return ", undoing migration " + number(u.of)
}

func sims(n int) string {
	if n == 1 {
		return "1 SIM"
	}
	return number(int64(n)) + " SIMs"
}

func (m *Model) side(ws int64) string { return fmt.Sprintf("%s (%d)", m.workspaces[ws].name, ws) }

func number(n int64) string { return strconv.FormatInt(n, 10) }
