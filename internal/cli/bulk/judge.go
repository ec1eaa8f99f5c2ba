package bulk

import (
	"errors"
	"regexp"
	"slices"
	"strconv"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// unit is a request to preview.
type unit struct {
	by   By
	sims []SIM
}

// judgment is the result of a preview. Each of the unit's SIMs is in exactly one list.
type judgment struct {
	etag          string
	accepted      []SIM        // may move, as a chunk that was previewed alone
	alreadyThere  []SIM        // in the target already
	blocked       []BlockedSIM // may not move
	again         []unit       // not known yet
	leftOut       []SIM        // no longer in the Workspace From, or not as they were listed there
	targetReasons []Reason     // reasons against the target; then all other lists are empty
}

// judge evaluates the reply to a preview. It returns an error if the reply says nothing about
// SIMs.
func judge(t Terms, u unit, got *client.Migration, err error) (judgment, error) {
	if err == nil {
		return judgeAccepted(t, u, got), nil
	}
	if refused, ok := errors.AsType[*client.ConflictError](err); ok {
		return judgeConflict(t, u, refused), nil
	}
	if refused, ok := errors.AsType[*client.APIError](err); ok && client.IsNotFound(err) && !aboutTarget(t, refused) {
		return judgeNotFound(u, refused), nil
	}
	return judgment{}, err
}

// judgeAccepted compares the request with the reply: a server may skip SIMs that it does not know,
// or accept a SIM that is already in the target.
func judgeAccepted(t Terms, u unit, got *client.Migration) judgment {
	var j judgment
	known := index(got.SIMs)
	for _, s := range u.sims {
		answer, ok := known.find(u.by, s)
		switch {
		case !ok:
			j.addMissing(s)
		case answer.SourceWorkspace.ID == t.Target.ID:
			j.alreadyThere = append(j.alreadyThere, withPreview(s, answer))
		case departed(s, answer):
			j.leftOut = append(j.leftOut, withPreview(s, answer))
		default:
			j.accepted = append(j.accepted, withPreview(s, answer))
		}
	}
	if len(j.accepted) == len(u.sims) {
		j.etag = got.ETag
		return j
	}
	j.askAgain(u.by, j.accepted) // the server accepted more than these
	j.accepted = nil
	return j
}

var notFound = Reason{NotFound, "not found, or in a Workspace of which you are not a member"}

// addMissing records a SIM that was not found. One that was just listed has left.
func (j *judgment) addMissing(s SIM) {
	if s.From != 0 {
		j.leftOut = append(j.leftOut, s)
		return
	}
	j.blocked = append(j.blocked, BlockedSIM{s, []Reason{notFound}})
}

// departed reports whether a SIM is no longer as it was listed: not in the Workspace From, or
// in another status, so that the filter may not match any more.
func departed(s SIM, now api.MigrationSIM) bool {
	return s.From != 0 && (now.SourceWorkspace.ID != s.From || now.Status.ID != s.Status.ID)
}

// addDeparted records a SIM that has left for a Workspace other than the target, and reports
// whether it has.
func (j *judgment) addDeparted(t Terms, s SIM, now api.MigrationSIM) bool {
	if now.SourceWorkspace.ID == t.Target.ID || !departed(s, now) {
		return false
	}
	j.leftOut = append(j.leftOut, withPreview(s, now))
	return true
}

func (j *judgment) askAgain(by By, sims []SIM) {
	if len(sims) > 0 {
		j.again = append(j.again, unit{by, sims})
	}
}

// judgeConflict splits a refusal: SIMs that a rule refuses, SIMs that were only in the same
// request, and SIMs that come from another Workspace than the rest.
func judgeConflict(t Terms, u unit, refused *client.ConflictError) judgment {
	var j judgment
	reasons := make(map[int64][]Reason)
	known := make(listing)
	for _, g := range refused.Groups {
		if len(g.SIMs) == 0 {
			j.targetReasons = append(j.targetReasons, Reason{g.ErrorCode, g.Text()})
			continue
		}
		for _, s := range g.SIMs {
			known.add(s)
			if g.ErrorCode != client.SeveralSources {
				reasons[s.ID] = append(reasons[s.ID], Reason{g.ErrorCode, g.Text()})
			}
		}
	}
	if len(j.targetReasons) > 0 {
		return judgment{targetReasons: j.targetReasons}
	}
	var rest []SIM
	for _, s := range u.sims {
		answer, ok := known.find(u.by, s)
		if ok && j.addDeparted(t, s, answer) {
			continue
		}
		if ok {
			s = withPreview(s, answer)
		}
		switch why := reasons[s.ID]; {
		case !ok || len(why) == 0:
			rest = append(rest, s)
		case there(t, s, why):
			j.alreadyThere = append(j.alreadyThere, s)
		default:
			j.blocked = append(j.blocked, BlockedSIM{s, why})
		}
	}
	if len(rest) == 1 && len(u.sims) == 1 { // nothing else explains the refusal
		j.blocked = append(j.blocked, BlockedSIM{rest[0], []Reason{{refused.Status, refused.Message}}})
		return j
	}
	j.again = separated(u, rest)
	return j
}

// there reports whether a SIM is already in the target. Then no other reason counts.
func there(t Terms, s SIM, why []Reason) bool {
	return s.Source.ID == t.Target.ID || slices.ContainsFunc(why, func(r Reason) bool { return r.Code == client.AlreadyInTarget })
}

// separated returns the next units to preview, by source if it is known. Each is smaller than
// the refused one, so this ends.
func separated(u unit, rest []SIM) []unit {
	var order []int64
	groups := make(map[int64][]SIM)
	for _, s := range rest {
		if _, ok := groups[s.Source.ID]; !ok {
			order = append(order, s.Source.ID)
		}
		groups[s.Source.ID] = append(groups[s.Source.ID], s)
	}
	var units []unit
	for _, source := range order {
		by := u.by
		if source != 0 {
			by = ByID // all ids are known by now
		}
		units = append(units, unit{by, groups[source]})
	}
	if len(units) == 1 && len(rest) == len(u.sims) {
		return halves(units[0])
	}
	return units
}

// halves splits a unit when the server does not name the SIMs, until one SIM is left.
func halves(u unit) []unit {
	mid := len(u.sims) / 2
	return []unit{{u.by, u.sims[:mid]}, {u.by, u.sims[mid:]}}
}

// judgeNotFound splits a 404: the SIMs that it names, or else two halves.
func judgeNotFound(u unit, refused *client.APIError) judgment {
	named := numbersIn(refused)
	var j judgment
	var rest []SIM
	for _, s := range u.sims {
		if named[s.name(u.by)] || len(u.sims) == 1 {
			j.addMissing(s)
		} else {
			rest = append(rest, s)
		}
	}
	if len(j.blocked)+len(j.leftOut) == 0 {
		j.again = halves(u)
		return j
	}
	j.askAgain(u.by, rest)
	return j
}

// name returns the SIM's id or ICCID, as the request names it.
func (s SIM) name(by By) string {
	if by == ByICCID {
		return s.ICCID
	}
	return strconv.FormatInt(s.ID, 10)
}

var (
	number    = regexp.MustCompile(`\d+`)
	workspace = regexp.MustCompile(`(?i)workspace|organi[sz]ation`)
)

// aboutTarget reports whether the target was not found. Servers say so only in the message.
func aboutTarget(t Terms, refused *client.APIError) bool {
	return slices.ContainsFunc(sentences(refused), func(text string) bool {
		return workspace.MatchString(text) && slices.Contains(number.FindAllString(text, -1), strconv.FormatInt(t.Target.ID, 10))
	})
}

func numbersIn(refused *client.APIError) map[string]bool {
	named := make(map[string]bool)
	for _, text := range sentences(refused) {
		for _, n := range number.FindAllString(text, -1) {
			named[n] = true
		}
	}
	return named
}

// sentences returns the messages of a refusal: its details, or its own message if it has none.
func sentences(refused *client.APIError) []string {
	if len(refused.Problems) == 0 {
		return []string{refused.Message}
	}
	texts := make([]string, len(refused.Problems))
	for i, p := range refused.Problems {
		texts[i] = p.Message
	}
	return texts
}

// listing finds the SIMs of a reply by id or ICCID.
type listing map[string]api.MigrationSIM

func index(sims []api.MigrationSIM) listing {
	l := make(listing, 2*len(sims))
	for _, s := range sims {
		l.add(s)
	}
	return l
}

func (l listing) add(s api.MigrationSIM) {
	l[string(ByID)+strconv.FormatInt(s.ID, 10)] = s
	l[string(ByICCID)+s.ICCID] = s
}

func (l listing) find(by By, s SIM) (api.MigrationSIM, bool) {
	found, ok := l[string(by)+s.name(by)]
	return found, ok
}

// withPreview returns a SIM with the details of a reply.
func withPreview(s SIM, a api.MigrationSIM) SIM {
	return SIM{ID: a.ID, ICCID: a.ICCID, Status: a.Status, Device: a.Endpoint, Source: a.SourceWorkspace, Where: s.Where, From: s.From}
}
