package model_test

import (
	"fmt"
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/test/model"
)

// facts is a database as the invariants look at it.
type facts struct {
	dump
	broken []string
}

// invariants checks I1 to I4, I8 and I13 over a whole database, with maps and loops: not the
// way in which anything else computes them.
func invariants(d dump) []string {
	f := &facts{dump: d}
	f.conserved()
	f.owned()
	f.whole()
	f.chained()
	f.recorded()
	f.summed()
	return f.broken
}

func (f *facts) fail(format string, args ...any) {
	f.broken = append(f.broken, fmt.Sprintf(format, args...))
}

func num(r model.Row, column string) int64 {
	if r[column] == "NULL" {
		return 0
	}
	n, err := strconv.ParseInt(r[column], 10, 64)
	if err != nil {
		panic(fmt.Sprintf("%s = %q: %v", column, r[column], err))
	}
	return n
}

// conserved checks I1.
func (f *facts) conserved() {
	ids, iccids := map[string]bool{}, map[string]bool{}
	var imported int64
	for _, e := range f.dump["ledger"] {
		if num(e, "kind") == int64(fleet.LedgerImport) {
			imported += num(e, "sims")
		}
	}
	for _, s := range f.dump["sims"] {
		if ids[s["id"]] {
			f.fail("I1: SIM %s is there twice", s["id"])
		}
		ids[s["id"]] = true
		if s["status"] != "3" {
			if iccids[s["iccid"]] {
				f.fail("I1: ICCID %s is there twice", s["iccid"])
			}
			iccids[s["iccid"]] = true
		}
	}
	if int64(len(ids)) != imported {
		f.fail("I1: %d SIMs, %d were imported", len(ids), imported)
	}
}

// owned checks I2.
func (f *facts) owned() {
	workspaces, devices, holders := map[string]bool{}, map[string]string{}, map[string]string{}
	for _, w := range f.dump["workspaces"] {
		workspaces[w["id"]] = true
	}
	for _, d := range f.dump["devices"] {
		if d["status"] != "2" { // a deleted one is nowhere
			devices[d["id"]] = d["workspace_id"]
		}
	}
	for _, s := range f.dump["sims"] {
		if !workspaces[s["workspace_id"]] {
			f.fail("I2: SIM %s is in no Workspace", s["id"])
		}
		device := s["device_id"]
		if device == "NULL" {
			continue
		}
		if devices[device] != s["workspace_id"] || holders[device] != "" {
			f.fail("I2: SIM %s in %s, device %s in %s, held by %q", s["id"], s["workspace_id"], device, devices[device], holders[device])
		}
		holders[device] = s["id"]
	}
}

// whole checks I3. The target and the instant are columns of the entry alone, so what can differ is
// the lines' target.
func (f *facts) whole() {
	count := map[string]int64{}
	entries := map[string]model.Row{}
	for _, e := range f.dump["ledger"] {
		entries[e["id"]] = e
	}
	for _, l := range f.dump["ledger_lines"] {
		count[l["ledger_id"]]++
		e := entries[l["ledger_id"]]
		if e == nil {
			f.fail("I3: a line of entry %s, which does not exist", l["ledger_id"])
		} else if e["target_id"] != "NULL" && l["workspace_after"] != e["target_id"] {
			f.fail("I3: SIM %s of entry %s went to %s, not %s", l["sim_id"], e["id"], l["workspace_after"], e["target_id"])
		}
	}
	for id, e := range entries {
		if num(e, "kind") != int64(fleet.LedgerImport) && count[id] != num(e, "sims") {
			f.fail("I3: entry %s has %d lines and counts %s", id, count[id], e["sims"])
		}
	}
}

// chained checks I4.
func (f *facts) chained() {
	lines := map[string]map[int64]model.Row{}
	for _, l := range f.dump["ledger_lines"] {
		if lines[l["sim_id"]] == nil {
			lines[l["sim_id"]] = map[int64]model.Row{}
		}
		lines[l["sim_id"]][num(l, "version")] = l
	}
	for _, s := range f.dump["sims"] {
		history := lines[s["id"]]
		if int64(len(history)) != num(s, "version") {
			f.fail("I4: SIM %s has version %s and %d lines", s["id"], s["version"], len(history))
			continue
		}
		for v := int64(1); v <= num(s, "version"); v++ {
			next := model.Row{"workspace_before": s["workspace_id"], "status_before": s["status"], "device_before": s["device_id"]}
			if v < num(s, "version") {
				next = history[v+1]
			}
			for _, what := range []string{"workspace", "status", "device"} {
				if history[v][what+"_after"] != next[what+"_before"] {
					f.fail("I4: SIM %s: %s %s after version %d, then %s", s["id"], what, history[v][what+"_after"], v, next[what+"_before"])
				}
			}
		}
	}
}

// recorded checks I8: a migration has its sides and an event 69 in each of them; each line has the
// events that it calls for, and no event has no line.
func (f *facts) recorded() {
	found, sides := map[string]int{}, map[string]int64{}
	for _, e := range f.dump["events"] {
		if e["ledger_id"] != "NULL" {
			found[fmt.Sprint(e["ledger_id"], " ", e["type"], " ", e["workspace_id"], " ", e["sim_id"], " ", e["at"])]++
		}
	}
	want := map[string]int{}
	at := map[string]model.Row{}
	for _, e := range f.dump["ledger"] {
		at[e["id"]] = e
	}
	for _, s := range f.dump["ledger_sides"] {
		want[fmt.Sprint(s["ledger_id"], " 69 ", s["workspace_id"], " NULL ", at[s["ledger_id"]]["at"])]++
		sides[s["ledger_id"]+"/"+s["side"]] += num(s, "sims")
	}
	for _, l := range f.dump["ledger_lines"] {
		e := at[l["ledger_id"]]
		if l["device_before"] != "NULL" && l["device_after"] == "NULL" {
			want[fmt.Sprint(l["ledger_id"], " 50 ", l["workspace_before"], " ", l["sim_id"], " ", e["at"])]++
		}
		if l["device_after"] != "NULL" && l["device_after"] != l["device_before"] {
			want[fmt.Sprint(l["ledger_id"], " 51 ", l["workspace_after"], " ", l["sim_id"], " ", e["at"])]++
		}
		if l["status_before"] != l["status_after"] {
			kind := map[string]int{"1": 8, "2": 9, "3": 10, "4": 45}[l["status_after"]]
			want[fmt.Sprint(l["ledger_id"], " ", kind, " ", l["workspace_before"], " ", l["sim_id"], " ", e["at"])]++
		}
	}
	for what, n := range want {
		if found[what] != n {
			f.fail("I8: %d events %q, want %d", found[what], what, n)
		}
	}
	for what, n := range found {
		if want[what] != n {
			f.fail("I8: %d events %q, called for by %d", n, what, want[what])
		}
	}
	for id, e := range at {
		if num(e, "kind") == int64(fleet.LedgerMigration) && (sides[id+"/0"] != num(e, "sims") || sides[id+"/1"] != num(e, "sims")) {
			f.fail("I8: entry %s of %s SIMs: %d left, %d came", id, e["sims"], sides[id+"/0"], sides[id+"/1"])
		}
	}
}

// summed checks I13, and the set of ids of I1.
func (f *facts) summed() {
	var state, ids, deltas, idDeltas uint64
	for _, s := range f.dump["sims"] {
		ids ^= fleet.Checksum(fleet.SIMState{ID: fleet.SIMID(num(s, "id"))})
		state ^= fleet.Checksum(fleet.SIMState{
			ID: fleet.SIMID(num(s, "id")), Workspace: fleet.WorkspaceID(num(s, "workspace_id")), Status: fleet.SIMStatus(num(s, "status")),
			Device: fleet.DeviceID(num(s, "device_id")), Version: num(s, "version"),
		})
	}
	for _, e := range f.dump["ledger"] {
		deltas ^= uint64(num(e, "delta"))
		idDeltas ^= uint64(num(e, "ids_delta"))
	}
	if state != deltas || ids != idDeltas {
		f.fail("I13: SIMs sum to %x and %x, the ledger to %x and %x", state, ids, deltas, idDeltas)
	}
}
