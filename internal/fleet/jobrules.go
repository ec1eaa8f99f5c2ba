package fleet

import (
	"slices"
	"strings"
	"time"
)

// JobRules holds the results of rules for a job.
type JobRules struct {
	Hits  []JobRule     `json:"hits,omitempty"`  // rules that apply to planned SIMs without refusing them
	Texts []RuleText    `json:"texts,omitempty"` // of refusals
	Given []JobApproval `json:"given,omitempty"`
}

// JobRule is a rule that applies to SIMs of a job.
type JobRule struct {
	RuleRef
	Effect    RuleEffect `json:"effect"`
	Message   string     `json:"message"`
	Citation  string     `json:"citation,omitempty"`
	Cure      string     `json:"cure,omitempty"`
	Approvers int        `json:"approvers,omitempty"`
	ValidFrom time.Time  `json:"valid_from,omitzero"` // if it was not valid yet
	Above     int        `json:"above,omitempty"`     // it applies if the job has more SIMs
	SIMs      int        `json:"sims"`                // that it applies to
}

// RuleText is the reason for which a rule refuses SIMs of a source.
type RuleText struct {
	Code   ConflictCode `json:"code"`
	Source WorkspaceID  `json:"source"`
	Text   string       `json:"text"`
}

// JobApproval is the approval of a plan by an Administrator of sources.
type JobApproval struct {
	User    UserID        `json:"user"`
	Name    string        `json:"name"`
	At      time.Time     `json:"at"`
	Sources []WorkspaceID `json:"sources"` // that the user administered
	Tag     string        `json:"tag"`     // the ETag of the plan
}

// maxRuleTexts bounds the reasons of rules that a job keeps.
const maxRuleTexts = 200

// noteRules adds the rules that apply to SIMs of a plan.
func (r *JobRules) noteRules(hits []RuleHit) {
	for _, h := range hits {
		i := slices.IndexFunc(r.Hits, func(k JobRule) bool { return k.RuleRef == h.Rule.Ref() })
		if i < 0 {
			i = len(r.Hits)
			k := JobRule{
				RuleRef: h.Rule.Ref(), Effect: h.Rule.Effect, Message: h.Rule.Message, Citation: h.Rule.Citation, Cure: h.Rule.Cure,
				Above: h.Above,
			}
			if h.Rule.Effect == RuleApproval {
				k.Approvers = h.Rule.Needed()
			}
			if h.Announced {
				k.ValidFrom = h.Rule.ValidFrom
			}
			r.Hits = append(r.Hits, k)
		}
		r.Hits[i].SIMs += h.SIMs
		r.Hits[i].Above = min(r.Hits[i].Above, h.Above)
	}
}

// noteRefusal stores the reason of a refusal by a rule.
func (r *JobRules) noteRefusal(c Conflict) {
	text := c.Message
	if c.Code != RuleFailed {
		text = c.Rule.Text()
	}
	seen := make(map[WorkspaceID]bool)
	for _, s := range c.SIMs {
		if seen[s.Workspace] {
			continue
		}
		seen[s.Workspace] = true
		t := RuleText{c.Code, s.Workspace, text}
		if !slices.Contains(r.Texts, t) && len(r.Texts) < maxRuleTexts {
			r.Texts = append(r.Texts, t)
		}
	}
}

// NoteRules adds the rules that apply to a plan of SIMs of the job.
func (j *Job) NoteRules(hits []RuleHit) {
	if len(hits) > 0 {
		j.rules().noteRules(hits)
	}
}

// NoteRefusal keeps the text of a refusal by a rule, for WhyRefused.
func (j *Job) NoteRefusal(c Conflict) {
	if c.Rule != nil && c.Code > TargetSuspended {
		j.rules().noteRefusal(c)
	}
}

// rules replaces the job's rules by a copy, which the caller may change, and returns it.
func (j *Job) rules() *JobRules {
	next := JobRules{}
	if old := j.Details.Rules; old != nil {
		next = JobRules{slices.Clone(old.Hits), slices.Clone(old.Texts), slices.Clone(old.Given)}
	}
	j.Details.Rules = &next
	return &next
}

// WhyRefused returns the text of the reason for which a SIM of a source was not moved.
func (j *Job) WhyRefused(code ConflictCode, source WorkspaceID) string {
	var texts []string
	if j.Details.Rules != nil {
		for _, t := range j.Details.Rules.Texts {
			if t.Code == code && t.Source == source {
				texts = append(texts, t.Text)
			}
		}
	}
	if len(texts) == 0 {
		return WhyRefused(code)
	}
	return strings.Join(texts, "; ")
}

// Size returns the number of SIMs of the job, as request_above counts them.
func (j *Job) Size() int { return j.Count() - j.Count(VerdictNotFound) }

// Text returns the message of the rule with its citation and its cure.
func (k *JobRule) Text() string {
	return (&Rule{Message: k.Message, Citation: k.Citation, Cure: k.Cure}).Text()
}

// applies reports whether a rule applies to a job of this size at a time.
func (k *JobRule) applies(size int, now time.Time) bool {
	return size > k.Above && !now.Before(k.ValidFrom)
}

// TooLarge returns the rule that refuses a job of this size, nil for none.
func (j *Job) TooLarge(now time.Time) *JobRule {
	if j.Details.Rules == nil {
		return nil
	}
	for i := range j.Details.Rules.Hits {
		if k := &j.Details.Rules.Hits[i]; k.Effect == RuleRefuse && k.Above > 0 && k.applies(j.Size(), now) {
			return k
		}
	}
	return nil
}

// NeedsApproval returns how many Administrators of each source must approve the plan; 0 for none.
func (j *Job) NeedsApproval(now time.Time) (approvers int) {
	if j.Details.Rules == nil {
		return 0
	}
	for _, k := range j.Details.Rules.Hits {
		if k.Effect == RuleApproval && k.applies(j.Size(), now) {
			approvers = max(approvers, k.Approvers)
		}
	}
	return approvers
}

// ApprovedRules returns the versions of rules whose approval covers the job once it may run.
func (j *Job) ApprovedRules() (list []RuleRef) {
	if j.Details.Rules == nil {
		return nil
	}
	for _, k := range j.Details.Rules.Hits {
		if k.Effect == RuleApproval {
			list = append(list, k.RuleRef)
		}
	}
	return list
}

// ApprovedBy returns how many of the approvers have approved this plan for a source. The user
// who made the job does not count, nor an approval of another plan.
func (j *Job) ApprovedBy(source WorkspaceID, valid func(JobApproval) bool) (n int) {
	if j.Details.Rules == nil {
		return 0
	}
	for _, a := range j.Details.Rules.Given {
		if a.User != j.User && a.Tag == j.ETag && slices.Contains(a.Sources, source) && valid(a) {
			n++
		}
	}
	return n
}

// Approve adds an approval; a user counts once.
func (j *Job) Approve(a JobApproval) {
	r := j.rules()
	r.Given = append(slices.DeleteFunc(r.Given, func(b JobApproval) bool { return b.User == a.User }), a)
}
