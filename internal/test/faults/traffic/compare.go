package traffic

import (
	"cmp"
	"fmt"
	"slices"
)

// Lost compares an acknowledged migration with the entry that its reply names, nil if the ledger
// has no such entry. It describes the difference (I5, I6); "" if they agree.
func (r *Request) Lost(e *Entry) string {
	a := r.Acknowledged()
	if e == nil {
		return fmt.Sprintf("I5: %v was acknowledged as %s, which does not exist", r, a.Location())
	}
	return a.differs(e)
}

// differs describes how an acknowledged migration, as its reply reports it, differs from an entry.
func (a *Attempt) differs(e *Entry) string {
	r := a.Request
	if a.Location() != e.Location() {
		return fmt.Sprintf("I5: %v was acknowledged as %s, and is %s", r, a.Location(), e.Location())
	}
	sims := simsOf(a.Body)
	answered := make([]int64, len(sims))
	for i, s := range sims {
		answered[i] = s.ID
	}
	slices.SortFunc(answered, cmp.Compare[int64])
	if !slices.Equal(answered, r.sims) {
		return fmt.Sprintf("I5: %v was answered with other SIMs: %s", r, clip(a.Body))
	}
	if text := r.differs(e); text != "" {
		return text
	}
	for i, s := range sims {
		l := e.Lines[i]
		if s.ID != l.SIM || s.Source.ID != l.From || s.Status.ID != l.Was || s.Endpoint.ID != l.Unplugged {
			return fmt.Sprintf("I5: %v was acknowledged with SIM %+v, and entry %d has %+v", r, s, e.ID, l)
		}
	}
	return ""
}

// differs describes how an entry differs from what a request asks for; "" if it does not.
func (r *Request) differs(e *Entry) string {
	switch {
	case !r.made(e):
		return fmt.Sprintf("I5: %v is ledger entry %d of kind %d to %d, which has %d SIMs: %+v", r, e.ID, e.Kind, e.Target, e.SIMs, e.Lines)
	case r.Kind == Migrate && e.Key != r.Key:
		return fmt.Sprintf("I6: %v is ledger entry %d, which is under the key %q", r, e.ID, e.Key)
	}
	return ""
}

// made reports whether an entry has the effect that a request asks for. A preview has none.
func (r *Request) made(e *Entry) bool {
	if r.mustFail || len(e.Lines) == 0 || e.SIMs != len(e.Lines) {
		return false
	}
	switch r.Kind {
	case Migrate:
		return r.moved(e)
	case Patch:
		return len(e.Lines) == 1 && r.patched(e.Kind, e.Lines[0])
	case Plug:
		return len(e.Lines) == 1 && r.plugged(e.Kind, e.Lines[0])
	case Preview:
	}
	return false
}

// moved reports whether an entry moved the SIMs, all of them and no others, out of their devices.
func (r *Request) moved(e *Entry) bool {
	elsewhere := func(l Line) bool { return l.To != r.target || l.Plugged != 0 }
	return e.Kind == migrationEntry && e.Target == r.target && slices.Equal(e.sims(), r.sims) && !slices.ContainsFunc(e.Lines, elsewhere)
}

// patched reports whether a line sets the status and nothing else.
func (r *Request) patched(kind int, l Line) bool {
	return kind == statusEntry && l.SIM == r.sims[0] && l.Is == r.status && l.Plugged == l.Unplugged && l.From == l.To
}

// plugged reports whether a line attaches the SIM, or detaches the one that was in the device.
func (r *Request) plugged(kind int, l Line) bool {
	if l.From != l.To {
		return false
	}
	if len(r.sims) == 0 {
		return kind == detachEntry && l.Unplugged == r.device && l.Plugged == 0 && l.Is == l.Was
	}
	return kind == attachEntry && l.SIM == r.sims[0] && l.Unplugged == 0 && l.Plugged == r.device
}
