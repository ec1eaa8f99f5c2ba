package model_test

import (
	"fmt"
	"strings"

	"github.com/simferry/simferry/internal/test/model"
)

// addNote adds a random reference and reason to a body; a few are too long.
func (p *pair) addNote(body object) {
	for _, f := range []struct {
		name string
		most int
	}{{"reference", 100}, {"reason", 500}} {
		if p.chance(3, f.name) {
			body[f.name] = pick(p, []string{"CHG-1", "CHG-2", "CHG-2", "wrong customer", "", strings.Repeat("x", f.most), strings.Repeat("x", f.most+1)}, f.name)
		}
	}
}

// undo takes a migration back, mostly one of the newest, or tries to.
func (p *pair) undo() {
	bearer := p.mover()
	ids := p.model.Undoable(bearer)
	if len(ids) == 0 || p.chance(12, "any entry") {
		ids = []int64{1, 2, 3, 99999, 0, -1}
	}
	body := object{}
	for _, option := range []string{"restore_status", "restore_devices", "auto_detach_devices"} {
		if p.chance(4, option+" said") {
			body[option] = p.chance(2, option)
		}
	}
	p.addNote(body)
	if p.chance(3, "real") {
		body["dry_run"] = false
	}
	id := pick(p, ids, "entry")
	if sims := p.model.MovedBy(id); p.chance(3, "some") {
		body["sims"] = refs(some(p, append(sims, someSIMs[p.index(len(someSIMs), "another")]), 0, 4, "sims"))
	}
	want := p.model.UndoMigration(bearer, model.Undo{Migration: id, Body: body})
	p.try("undo", bearer, request{"POST", fmt.Sprintf("/api/v1/migration/%d/undo", id), p.write(body), map[string]string{}}, want)
}
