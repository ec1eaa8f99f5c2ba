package api

import "encoding/json"

// RuleRef is the rule that is the reason of a refusal.
type RuleRef struct {
	ID        string `json:"id"`
	Version   int64  `json:"version"`
	Workspace *IDRef `json:"workspace,omitempty"` // that made the rule; absent for the installation
	Citation  string `json:"citation,omitempty"`  // the law or the policy that it comes from
	Cure      string `json:"cure,omitempty"`      // what to do
}

// Text returns the message of a reason with the citation and the cure of its rule.
func (r ConflictReason) Text() string {
	text := r.Message
	if r.Rule == nil {
		return text
	}
	if r.Rule.Citation != "" {
		text += " (" + r.Rule.Citation + ")"
	}
	if r.Rule.Cure != "" {
		text += ". " + r.Rule.Cure
	}
	return text
}

// RuleWarning is a rule that applies to SIMs of a request without refusing them: it warns, it is
// not valid yet, or the request has its approval.
type RuleWarning struct {
	ID        string `json:"id"`
	Version   int64  `json:"version"`
	Effect    string `json:"effect"`
	Message   string `json:"message"`
	Citation  string `json:"citation,omitempty"`
	Cure      string `json:"cure,omitempty"`
	ValidFrom *Time  `json:"valid_from,omitempty"` // if the rule is not valid yet
	SIMCount  int    `json:"sim_count"`
}

// appendWarnings appends the warnings of a response, and nothing if there are none.
func appendWarnings(dst []byte, list []RuleWarning) []byte {
	if len(list) == 0 {
		return dst
	}
	text, err := json.Marshal(list)
	if err != nil {
		return dst // a struct of texts and numbers always has a JSON form
	}
	return append(append(dst, `,"warnings":`...), text...)
}

// MigrationRule is a rule of migrations.
type MigrationRule struct {
	ID        string            `json:"id"`
	Version   int64             `json:"version"`             // of the rule set that gave the rule its contents
	Workspace *IDRef            `json:"workspace,omitempty"` // that made the rule; absent for the installation
	Effect    string            `json:"effect"`              // refuse, require_approval or warn
	ErrorCode int               `json:"error_code"`
	Message   string            `json:"message"`
	Citation  string            `json:"citation,omitempty"`
	Cure      string            `json:"cure,omitempty"`
	Approvers int               `json:"approvers,omitempty"` // how many must approve
	ValidFrom *Time             `json:"valid_from,omitempty"`
	ValidTo   *Time             `json:"valid_to,omitempty"`
	When      []json.RawMessage `json:"when"`  // cases; the rule applies if all conditions of one hold
	Words     string            `json:"words"` // the rule as a sentence
}

// NewRules is the body of PUT /api/v1/migration_rule and PUT /operator/v1/rule: rules that replace
// all rules of their owner.
type NewRules struct {
	Rules []json.RawMessage `json:"rules"`
}

// RuleVersion is a version of the rules of the installation.
type RuleVersion struct {
	Version int64           `json:"version"`
	At      Time            `json:"at"`
	Rules   json.RawMessage `json:"rules"`
}
