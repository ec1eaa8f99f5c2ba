package store

import (
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// The events of a change are built from its lines inside the database. These expressions are
// generated from the text templates of package fleet.
var (
	releasedWords = concat(fleet.ReleasedWords, "l.sim_id", "l.device_before")
	assignedWords = concat(fleet.AssignedWords, "l.sim_id", "l.device_after")
	changedWords  = concat(fleet.StatusChangedWords, statusName("l.status_before"), statusName("l.status_after"))
	statusEvent   = statusEventType("l.status_after")
)

// The events of lines l, each in the Workspace that it concerns. step orders the release before
// the change of status.
var (
	releases = `
	SELECT l.ordinal, 1 AS step, ` + fmt.Sprint(int(fleet.EventSIMReleased)) + ` AS type, l.workspace_before AS workspace_id,
		l.sim_id, l.device_before AS device_id, ` + releasedWords + ` AS description
	FROM l WHERE l.device_before IS NOT NULL AND l.device_after IS DISTINCT FROM l.device_before`
	changes = `
	SELECT l.ordinal, 2 AS step, ` + statusEvent + ` AS type, ` + statusEventPlace() + ` AS workspace_id,
		l.sim_id, l.device_before AS device_id, ` + changedWords + ` AS description
	FROM l WHERE l.status_after <> l.status_before`
	assignments = `
	SELECT l.ordinal, 3 AS step, ` + fmt.Sprint(int(fleet.EventSIMAssigned)) + ` AS type, l.workspace_after AS workspace_id,
		l.sim_id, l.device_after AS device_id, ` + assignedWords + ` AS description
	FROM l WHERE l.device_after IS NOT NULL AND l.device_after IS DISTINCT FROM l.device_before`
	lineEvents = releases + " UNION ALL " + changes + " UNION ALL " + assignments
)

// eventKinds returns the kinds of events that the lines of a change have.
func (c Change) eventKinds() []string {
	var released, changed, assigned bool
	for _, l := range c.Lines {
		moved := l.Before.Device != l.After.Device
		released = released || moved && l.Before.Device != 0
		assigned = assigned || moved && l.After.Device != 0
		changed = changed || l.Before.Status != l.After.Status
	}
	var texts []string
	for _, e := range []struct {
		there bool
		text  string
	}{{released, releases}, {changed, changes}, {assigned, assignments}} {
		if e.there {
			texts = append(texts, e.text)
		}
	}
	return texts
}

// concat turns a template with %d and %s into an SQL concatenation of columns.
func concat(template string, columns ...string) string {
	pieces := strings.FieldsFunc(strings.NewReplacer("%d", "\x00", "%s", "\x00").Replace(template), func(r rune) bool { return r == 0 })
	terms := make([]string, 0, len(pieces)+len(columns))
	for i, piece := range pieces {
		terms = append(terms, quote(piece))
		if i < len(columns) {
			terms = append(terms, columns[i])
		}
	}
	return strings.Join(terms, " || ")
}

func statusName(column string) string {
	text := "CASE " + column
	for _, s := range fleet.SIMStatuses {
		text += fmt.Sprintf(" WHEN %d THEN %s", s.ID, quote(s.Name))
	}
	return text + " END"
}

func statusEventType(column string) string {
	text := "CASE " + column
	for _, s := range fleet.SIMStatuses {
		if event, ok := StatusEvents[s.ID]; ok {
			text += fmt.Sprintf(" WHEN %d THEN %d", s.ID, event)
		}
	}
	return text + " END"
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// statusEventPlace returns the Workspace that gets the event of a change of status.
func statusEventPlace() string {
	return "l.workspace_before"
}

// offerAfter is the offer that a SIM is part of after a line l: none if the SIM moves or is
// deleted.
const offerAfter = "CASE WHEN l.workspace_after = l.workspace_before AND l.status_after <> " + deletedSIM + " THEN offer_id END"
