package api

import "encoding/json"

// WhatIfRequest is the body of POST /operator/v1/rule/what_if.
type WhatIfRequest struct {
	Rules []json.RawMessage `json:"rules"`
	Days  *int64            `json:"days,omitempty"` // of the ledger; 90 if absent
	At    *Time             `json:"at,omitempty"`   // when the rules must be valid; now if absent
}

// WhatIf is what candidate rules would have decided, and what the present ones decide.
type WhatIf struct {
	RuleSet            int64        `json:"rule_set"` // the version of the present rules
	Since              Time         `json:"since"`
	Until              Time         `json:"until"`
	At                 Time         `json:"at"`
	JudgedByTodayValue []string     `json:"judged_by_todays_value"` // facts that the ledger does not hold
	Ledger             WhatIfLedger `json:"ledger"`
	Fleet              WhatIfFleet  `json:"fleet"`
	Rules              []WhatIfRule `json:"rules"`
	Pairs              []WhatIfPair `json:"pairs"` // at most 100: those with the most changes
	PairsLeftOut       int          `json:"pairs_left_out"`
	UntrackedSIMs      int          `json:"untracked_sims"` // only in the totals: there are too many pairs
}

// WhatIfExtent is a number of migrations and of SIMs.
type WhatIfExtent struct {
	Migrations int `json:"migrations"`
	SIMs       int `json:"sims"`
}

// WhatIfRulings counts migrations and SIMs by the strictest decision about them.
type WhatIfRulings struct {
	Refused WhatIfExtent `json:"refused"`
	Held    WhatIfExtent `json:"held"`
	Warned  WhatIfExtent `json:"warned"`
}

// WhatIfChanges counts what the candidate rules decide otherwise than the present ones.
type WhatIfChanges struct {
	WhatIfRulings
	Allowed WhatIfExtent `json:"allowed"`
}

// WhatIfLedger is about past migrations.
type WhatIfLedger struct {
	WhatIfExtent
	Present   WhatIfRulings `json:"present"`
	Candidate WhatIfRulings `json:"candidate"`
	New       WhatIfChanges `json:"new"`
}

// WhatIfCounts counts SIMs by the strictest decision about them.
type WhatIfCounts struct {
	Refused int `json:"refused"`
	Held    int `json:"held"`
	Warned  int `json:"warned"`
}

// WhatIfNewCounts counts what the candidate rules decide otherwise than the present ones.
type WhatIfNewCounts struct {
	WhatIfCounts
	Allowed int `json:"allowed"`
}

// WhatIfSIMs counts SIMs of the fleet.
type WhatIfSIMs struct {
	SIMs      int             `json:"sims"`
	Present   WhatIfCounts    `json:"present"`
	Candidate WhatIfCounts    `json:"candidate"`
	New       WhatIfNewCounts `json:"new"`
}

// WhatIfFleet is about the SIMs that are there now, each moved alone to each known target. A SIM
// counts if the decision applies to at least one of them.
type WhatIfFleet struct {
	WhatIfSIMs
	NotJudged int         `json:"not_judged"` // SIMs whose Workspace has no known target
	Stuck     WhatIfStuck `json:"stuck"`
}

// WhatIfStuck counts SIMs that are refused for every known target.
type WhatIfStuck struct {
	Present   int `json:"present"`
	Candidate int `json:"candidate"`
	New       int `json:"new"`
	Freed     int `json:"freed"`
}

// WhatIfRule is what one rule applies to.
type WhatIfRule struct {
	ID           string           `json:"id"`
	Version      int64            `json:"version"`
	Workspace    *IDRef           `json:"workspace,omitempty"` // that made the rule; absent for the installation
	Effect       string           `json:"effect"`
	In           string           `json:"in"`        // both, candidate or present
	Announced    bool             `json:"announced"` // not valid yet at that time: it decides nothing
	Ledger       WhatIfExtent     `json:"ledger"`
	FailedSIMs   int              `json:"failed_sims"` // of the ledger, refused because a condition cannot be evaluated
	StricterSIMs int              `json:"stricter_sims"`
	FleetSIMs    int              `json:"fleet_sims"` // to which it applies for at least one known target
	Examples     []WhatIfExample  `json:"examples"`   // the newest
	Pairs        []WhatIfRulePair `json:"pairs"`      // those with the most SIMs
	PairsLeftOut int              `json:"pairs_left_out"`
}

// WhatIfExample is a past migration that a rule applies to.
type WhatIfExample struct {
	Migration IDRef `json:"migration"`
	Timestamp Time  `json:"timestamp"`
	SIMs      int   `json:"sims"`
	Source    IDRef `json:"source_workspace"`
	Target    IDRef `json:"target_workspace"`
}

// WhatIfRulePair is what a rule applies to between two Workspaces.
type WhatIfRulePair struct {
	Source NamedRef `json:"source_workspace"`
	Target NamedRef `json:"target_workspace"`
	WhatIfExtent
}

// WhatIfPair is what the rules decide about SIMs of a source that move to a target.
type WhatIfPair struct {
	Source NamedRef     `json:"source_workspace"`
	Target NamedRef     `json:"target_workspace"`
	Ledger WhatIfLedger `json:"ledger"`
	Fleet  WhatIfSIMs   `json:"fleet"` // the SIMs of the source, each moved alone to the target
}
