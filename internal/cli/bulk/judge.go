package bulk

import (
	"errors"
	"regexp"
	"slices"
	"strconv"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// unit is a request to be dry run.
type unit struct {
	by   By
	sims []SIM
}

// judgment is what a dry run says of a unit. Each of its SIMs is in exactly one place.
type judgment struct {
	etag    string
	yes     []SIM    // may move, and were asked about alone: as a chunk
	there   []SIM    // in the target already
	held    []Held   // may not move
	again   []unit   // nothing is known yet
	left    []SIM    // no longer in the Workspace From, or not as they were listed there
	against []Reason // the target is to blame; then all else is empty
}

// judge reads the answer to a dry run. An error is one that says nothing about SIMs.
func judge(t Terms, u unit, got *client.Migration, err error) (judgment, error) {
	if err == nil {
		return granted(t, u, got), nil
	}
	if refused, ok := errors.AsType[*client.ConflictError](err); ok {
		return conflicting(t, u, refused), nil
	}
	if refused, ok := errors.AsType[*client.APIError](err); ok && client.IsNotFound(err) && !aboutTarget(t, refused) {
		return missing(u, refused), nil
	}
	return judgment{}, err
}

// granted compares what was asked with what was answered: a server may pass over what it
// does not know, or take a SIM from the target to the target.
func granted(t Terms, u unit, got *client.Migration) judgment {
	var j judgment
	known := index(got.SIMs)
	for _, s := range u.sims {
		answer, ok := known.find(u.by, s)
		switch {
		case !ok:
			j.miss(s)
		case answer.SourceWorkspace.ID == t.Target.ID:
			j.there = append(j.there, described(s, answer))
		case departed(s, answer):
			j.left = append(j.left, described(s, answer))
		default:
			j.yes = append(j.yes, described(s, answer))
		}
	}
	if len(j.yes) == len(u.sims) {
		j.etag = got.ETag
		return j
	}
	j.leave(u.by, j.yes) // the yes was to more than these
	j.yes = nil
	return j
}

var notFound = Reason{NotFound, "not found, or in a Workspace where you are no member"}

// miss notes a SIM that was not found. One that was just listed has left.
func (j *judgment) miss(s SIM) {
	if s.From != 0 {
		j.left = append(j.left, s)
		return
	}
	j.held = append(j.held, Held{s, []Reason{notFound}})
}

// departed reports whether a SIM is no longer as it was listed: not in the Workspace From, or
// in another status, by which it may not match the filter any more.
func departed(s SIM, now api.MigrationSIM) bool {
	return s.From != 0 && (now.SourceWorkspace.ID != s.From || now.Status.ID != s.Status.ID)
}

// departs notes a SIM that has departed to elsewhere than the target, and reports whether it has.
func (j *judgment) departs(t Terms, s SIM, now api.MigrationSIM) bool {
	if now.SourceWorkspace.ID == t.Target.ID || !departed(s, now) {
		return false
	}
	j.left = append(j.left, described(s, now))
	return true
}

func (j *judgment) leave(by By, sims []SIM) {
	if len(sims) > 0 {
		j.again = append(j.again, unit{by, sims})
	}
}

// conflicting takes a refusal apart: who is held back by a rule, who was only in the same
// request, and who merely comes from another Workspace than the rest.
func conflicting(t Terms, u unit, refused *client.ConflictError) judgment {
	var j judgment
	reasons := make(map[int64][]Reason)
	known := make(listing)
	for _, g := range refused.Groups {
		if len(g.SIMs) == 0 {
			j.against = append(j.against, Reason{g.ErrorCode, g.Message})
			continue
		}
		for _, s := range g.SIMs {
			known.add(s)
			if g.ErrorCode != client.SeveralSources {
				reasons[s.ID] = append(reasons[s.ID], Reason{g.ErrorCode, g.Message})
			}
		}
	}
	if len(j.against) > 0 {
		return judgment{against: j.against}
	}
	var rest []SIM
	for _, s := range u.sims {
		answer, ok := known.find(u.by, s)
		if ok && j.departs(t, s, answer) {
			continue
		}
		if ok {
			s = described(s, answer)
		}
		switch why := reasons[s.ID]; {
		case !ok || len(why) == 0:
			rest = append(rest, s)
		case there(t, s, why):
			j.there = append(j.there, s)
		default:
			j.held = append(j.held, Held{s, why})
		}
	}
	if len(rest) == 1 && len(u.sims) == 1 { // nothing else explains the refusal
		j.held = append(j.held, Held{rest[0], []Reason{{refused.Status, refused.Message}}})
		return j
	}
	j.again = separated(u, rest)
	return j
}

// there tells whether a SIM is where it is wanted. Then nothing else counts against it.
func there(t Terms, s SIM, why []Reason) bool {
	return s.Source.ID == t.Target.ID || slices.ContainsFunc(why, func(r Reason) bool { return r.Code == client.AlreadyInTarget })
}

// separated are the units to ask about next: by source where it is known. Each is smaller
// than the one that was refused, so that asking comes to an end.
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
			by = ByID // all are known by it now
		}
		units = append(units, unit{by, groups[source]})
	}
	if len(units) == 1 && len(rest) == len(u.sims) {
		return halves(units[0])
	}
	return units
}

// halves narrow down what a server does not name, until a single SIM is what it is about.
func halves(u unit) []unit {
	mid := len(u.sims) / 2
	return []unit{{u.by, u.sims[:mid]}, {u.by, u.sims[mid:]}}
}

// missing takes a 404 apart: who is named in it, or else one half and the other.
func missing(u unit, refused *client.APIError) judgment {
	named := numbersIn(refused)
	var j judgment
	var rest []SIM
	for _, s := range u.sims {
		if named[s.name(u.by)] || len(u.sims) == 1 {
			j.miss(s)
		} else {
			rest = append(rest, s)
		}
	}
	if len(j.held)+len(j.left) == 0 {
		j.again = halves(u)
		return j
	}
	j.leave(u.by, rest)
	return j
}

// name is what a request calls a SIM.
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

// aboutTarget tells whether what was not found is the target. Servers say so in words.
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

// sentences are what a refusal says: its particulars, or itself where it has none.
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

// listing finds the SIMs of an answer by either name.
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

// described is a SIM with what an answer tells of it.
func described(s SIM, a api.MigrationSIM) SIM {
	return SIM{ID: a.ID, ICCID: a.ICCID, Status: a.Status, Device: a.Endpoint, Source: a.SourceWorkspace, Where: s.Where, From: s.From}
}
