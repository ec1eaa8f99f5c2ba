package bulk

import (
	"fmt"
	"strings"

	"github.com/simferry/simferry/api"
)

// drift compares planned SIMs with a later plan: which are in the target already, and which
// have changed or may not move any more.
func drift(planned []SIM, now *Plan) (drop map[int64][]Reason, there []int64) {
	find := finder(planned)
	drop = mismatched(planned, now)
	for _, s := range now.AlreadyThere {
		if was, ok := find(s); ok && drop[was.ID] == nil {
			there = append(there, was.ID)
		}
	}
	for _, h := range now.Blocked {
		if was, ok := find(h.SIM); ok {
			drop[was.ID] = h.Reasons
		}
	}
	for _, s := range now.LeftOut {
		if was, ok := find(s); ok {
			drop[was.ID] = []Reason{{Changed, describeDeparture(was, s)}}
		}
	}
	for _, c := range now.Chunks {
		for _, s := range c.SIMs {
			was, ok := find(s)
			if text := difference(was, s); ok && text != "" && drop[was.ID] == nil {
				drop[was.ID] = []Reason{{Changed, text}}
			}
		}
	}
	return drop, there
}

// describeDeparture describes where a SIM is now. Nothing is known of a SIM that is not found.
func describeDeparture(was, now SIM) string {
	if text := difference(was, now); text != "" {
		return text
	}
	return changedSince + "no longer found"
}

// mismatched finds the planned SIMs whose id and ICCID do not belong to one SIM: the plan was
// edited, or made for another server.
func mismatched(planned []SIM, now *Plan) map[int64][]Reason {
	byID, byICCID := make(map[int64]SIM, len(planned)), make(map[string]SIM, len(planned))
	for _, s := range planned {
		byID[s.ID], byICCID[s.ICCID] = s, s
	}
	wrong := make(map[int64][]Reason)
	compare := func(s SIM) {
		if s.ID == 0 || s.ICCID == "" {
			return
		}
		for _, was := range []SIM{byID[s.ID], byICCID[s.ICCID]} {
			if was.ID != 0 && was.ICCID != "" && (was.ID != s.ID || was.ICCID != s.ICCID) {
				wrong[was.ID] = []Reason{{Changed, fmt.Sprintf("%sthe plan has %s as SIM %d, the server has %s as SIM %d",
					changedSince, was.ICCID, was.ID, s.ICCID, s.ID)}}
			}
		}
	}
	for _, s := range now.AlreadyThere {
		compare(s)
	}
	for _, h := range now.Blocked {
		compare(h.SIM)
	}
	for _, c := range now.Chunks {
		for _, s := range c.SIMs {
			compare(s)
		}
	}
	return wrong
}

// finder looks SIMs up by id or by ICCID.
func finder(sims []SIM) func(SIM) (SIM, bool) {
	byID, byICCID := make(map[int64]SIM, len(sims)), make(map[string]SIM, len(sims))
	for _, s := range sims {
		byID[s.ID], byICCID[s.ICCID] = s, s
	}
	return func(s SIM) (SIM, bool) {
		if s.ID != 0 {
			found, ok := byID[s.ID]
			return found, ok
		}
		found, ok := byICCID[s.ICCID]
		return found, ok
	}
}

const changedSince = "changed since the plan: "

// difference describes the changes of a SIM; "" without any.
func difference(was, now SIM) string {
	var parts []string
	if was.Source.ID != now.Source.ID {
		parts = append(parts, fmt.Sprintf("Workspace %s, was %s", now.Source.Name, was.Source.Name))
	}
	if was.Status.ID != now.Status.ID {
		parts = append(parts, fmt.Sprintf("status %s, was %s", now.Status.Description, was.Status.Description))
	}
	if deviceID(was) != deviceID(now) {
		parts = append(parts, fmt.Sprintf("device %s, was %s", deviceName(now.Device), deviceName(was.Device)))
	}
	if len(parts) == 0 {
		return ""
	}
	return changedSince + strings.Join(parts, "; ")
}

func deviceID(s SIM) int64 {
	if s.Device == nil {
		return 0
	}
	return s.Device.ID
}

func deviceName(d *api.NamedRef) string {
	if d == nil {
		return "none"
	}
	if d.Name == "" {
		return fmt.Sprint(d.ID)
	}
	return d.Name
}

// describeChanges formats the server's description of a changed SIM.
func describeChanges(s api.StaleSIM) string {
	if len(s.Changes) == 0 {
		return changedSince + "it was changed and changed back"
	}
	parts := make([]string, len(s.Changes))
	for i, c := range s.Changes {
		parts[i] = fmt.Sprintf("%s %s, was %s", c.Property, valueName(c.Now), valueName(c.Was))
	}
	return changedSince + strings.Join(parts, "; ")
}

func valueName(v *api.StaleValue) string {
	switch {
	case v == nil:
		return "none"
	case v.Description != "":
		return v.Description
	case v.Name != "":
		return v.Name
	}
	return fmt.Sprint(v.ID)
}
