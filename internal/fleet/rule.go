package fleet

import (
	"cmp"
	"slices"
	"time"
)

// RuleEffect is what a rule does with the SIMs that its conditions hold for.
type RuleEffect string

// The effects. All of them restrict: no rule allows what another one refuses.
const (
	RuleRefuse   RuleEffect = "refuse"
	RuleApproval RuleEffect = "require_approval"
	RuleWarn     RuleEffect = "warn"
)

// RuleEffects lists every effect.
var RuleEffects = []RuleEffect{RuleRefuse, RuleApproval, RuleWarn}

// Rule is a row of a rule set. A rule of a Workspace applies to SIMs that leave or enter it.
type Rule struct {
	ID        string     `json:"id"`
	Version   int64      `json:"version,omitzero"` // of the rule set that gave the rule its contents
	ValidFrom time.Time  `json:"valid_from,omitzero"`
	ValidTo   time.Time  `json:"valid_to,omitzero"` // no longer valid at this time; zero for no end
	Effect    RuleEffect `json:"effect"`
	// When are cases. The rule applies to a SIM if all conditions of one case hold.
	When      []RuleCase   `json:"when"`
	Code      ConflictCode `json:"code,omitzero"`
	Message   string       `json:"message"`
	Citation  string       `json:"citation,omitempty"`  // the law or the policy that the rule comes from
	Cure      string       `json:"cure,omitempty"`      // what to do
	Approvers int          `json:"approvers,omitempty"` // of RuleApproval: how many must approve; 1 if 0

	Workspace WorkspaceID `json:"-"` // 0 for a rule of the installation
	Broken    string      `json:"-"` // why the stored rule cannot be read: it refuses
}

// RuleCase is a list of conditions. A condition that is absent holds.
type RuleCase struct {
	SourceCountry      []string        `json:"source_country,omitempty"`
	SourceCountryNot   []string        `json:"source_country_not,omitempty"`
	TargetCountry      []string        `json:"target_country,omitempty"`
	TargetCountryNot   []string        `json:"target_country_not,omitempty"`
	SameCountry        *bool           `json:"same_country,omitempty"`
	SourceType         []WorkspaceType `json:"source_type,omitempty"`
	SourceTypeNot      []WorkspaceType `json:"source_type_not,omitempty"`
	TargetType         []WorkspaceType `json:"target_type,omitempty"`
	TargetTypeNot      []WorkspaceType `json:"target_type_not,omitempty"`
	SourceWorkspace    []WorkspaceID   `json:"source_workspace,omitempty"`
	SourceWorkspaceNot []WorkspaceID   `json:"source_workspace_not,omitempty"`
	TargetWorkspace    []WorkspaceID   `json:"target_workspace,omitempty"`
	TargetWorkspaceNot []WorkspaceID   `json:"target_workspace_not,omitempty"`
	Status             []SIMStatus     `json:"status,omitempty"`
	StatusNot          []SIMStatus     `json:"status_not,omitempty"`
	Model              []ModelID       `json:"model,omitempty"`
	ModelNot           []ModelID       `json:"model_not,omitempty"`
	Issuer             []WorkspaceID   `json:"issuer,omitempty"`
	IssuerNot          []WorkspaceID   `json:"issuer_not,omitempty"`
	Batch              []string        `json:"batch,omitempty"`
	BatchNot           []string        `json:"batch_not,omitempty"`
	MovedWithinDays    *int            `json:"moved_within_days,omitempty"` // since the last migration
	RequestAbove       *int            `json:"request_above,omitempty"`     // SIMs of the request
	DayAbove           *int            `json:"day_above,omitempty"`         // SIMs that leave the source in a day (UTC), with the request
	Attached           *bool           `json:"attached,omitempty"`
}

// The codes of rules. BrazilianBorder is the code of the shipped rule BR-1.
const (
	ApprovalRequired ConflictCode = 1515
	RuleFailed       ConflictCode = 1519 // the conditions of a rule cannot be evaluated
	RuleRefused      ConflictCode = 1520 // the first of those that a rule may choose
	LastRuleCode     ConflictCode = 1599
)

// RuleSet is one version of all rules. Its contents never change.
type RuleSet struct {
	Version int64
	Rules   []Rule // those of the installation first
	Needs   RuleNeeds
	shared  []*Rule                 // of the installation
	own     map[WorkspaceID][]*Rule // of Workspaces
}

// RuleNeeds lists the facts about SIMs that the conditions of a rule set need in addition to
// SIMState.
type RuleNeeds struct {
	Facts bool // SIMFacts
	Moved bool // SIMFacts.Moved
	Today bool // RuleInput.Today
}

// Any reports whether anything is needed.
func (n RuleNeeds) Any() bool { return n.Facts || n.Moved || n.Today }

// NewRuleSet prepares rules for evaluation.
func NewRuleSet(version int64, rules []Rule) *RuleSet {
	set := &RuleSet{Version: version, Rules: slices.Clone(rules), own: make(map[WorkspaceID][]*Rule)}
	slices.SortStableFunc(set.Rules, func(a, b Rule) int { return cmp.Compare(a.Workspace, b.Workspace) })
	for i := range set.Rules {
		r := &set.Rules[i]
		if r.Workspace == 0 {
			set.shared = append(set.shared, r)
		} else {
			set.own[r.Workspace] = append(set.own[r.Workspace], r)
		}
		for _, c := range r.When {
			set.Needs.Facts = set.Needs.Facts || c.asksFacts()
			set.Needs.Moved = set.Needs.Moved || c.MovedWithinDays != nil
			set.Needs.Today = set.Needs.Today || c.DayAbove != nil
		}
	}
	return set
}

func (c *RuleCase) asksFacts() bool {
	return c.Model != nil || c.ModelNot != nil || c.Issuer != nil || c.IssuerNot != nil || c.Batch != nil || c.BatchNot != nil
}

// ShippedRules are the rules of a new installation.
func ShippedRules() []Rule {
	br := []string{"BR"}
	return []Rule{{
		ID: "BR-1", Version: 1, Effect: RuleRefuse, Code: BrazilianBorder,
		Message: "Migration between Brazilian and non-Brazilian workspaces is not allowed",
		When:    []RuleCase{{SourceCountry: br, TargetCountryNot: br}, {SourceCountryNot: br, TargetCountry: br}},
	}}
}

// SIMFacts are properties of a SIM that only conditions of rules use.
type SIMFacts struct {
	Model  ModelID
	Issuer WorkspaceID
	Batch  string
	Moved  time.Time // the last migration; zero for none
}

// RuleInput is what rules are evaluated with, in addition to the rest of a Snapshot.
type RuleInput struct {
	Set *RuleSet // nil if it was not read: every SIM is refused
	Now time.Time
	// Valid is the time at which a rule must be valid to be asked; Now if it is zero.
	Valid time.Time
	Facts map[SIMID]SIMFacts
	// Today is how many SIMs have left Workspaces since midnight (UTC); nil if it was not read.
	Today map[WorkspaceID]int
	// Request and Day are the SIMs that request_above and day_above count; 0 for those of the plan.
	Request, Day int
	// Planning is set while a job is planned: the size of its request is not known yet, and it can
	// wait for approval. RuleHit.Above says what the size must exceed.
	Planning bool
	// Refused is called for each refusal by a rule, if SIMs are planned without those that are
	// refused; nil for no call.
	Refused func(Conflict)
	// Approved are the rules whose approval a job has.
	Approved []RuleRef
}

// RuleRef identifies a version of a rule.
type RuleRef struct {
	Workspace WorkspaceID `json:"workspace,omitzero"`
	ID        string      `json:"id"`
	Version   int64       `json:"version"`
}

// Ref returns the identity of the rule.
func (r *Rule) Ref() RuleRef { return RuleRef{r.Workspace, r.ID, r.Version} }

// Needed returns how many users must approve.
func (r *Rule) Needed() int { return max(r.Approvers, 1) }

// RuleHit is a rule that applies to SIMs of a plan without refusing them.
type RuleHit struct {
	Rule *Rule
	SIMs int
	// Above is the size that the request must exceed; 0 for any. See RuleInput.Planning.
	Above int
	// Announced is set if the rule is not valid yet.
	Announced bool
}

// Text returns the message of a rule with its citation and its cure.
func (r *Rule) Text() string {
	text := r.Message
	if r.Citation != "" {
		text += " (" + r.Citation + ")"
	}
	if r.Cure != "" {
		text += ". " + r.Cure
	}
	return text
}
