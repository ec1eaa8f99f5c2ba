package model_test

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/simferry/simferry/internal/test/model"
)

func (p *pair) patchSIM() {
	h := p.caller()
	patch := model.Patch{SIM: p.known(h), Status: pick(p, []int{1, 2, 1, 2, 4, 0, 3, 7, 300}, "status")}
	body := object{"status": ref(int64(patch.Status))}
	if p.chance(8, "owner") {
		owner := pick(p, workspaces[:8], "owner")
		patch.Owner, body["customer_org"] = &owner, ref(owner)
	}
	p.sendPatch(h, patch, body)
}

// giveSIM moves one SIM the older way, mostly as its issuer.
func (p *pair) giveSIM() {
	h := p.caller()
	if issuers := p.model.Issuers(); len(issuers) > 0 && !p.chance(6, "any caller") {
		h = pick(p, issuers, "issuer")
	}
	patch := model.Patch{SIM: p.known(h), Status: -1}
	body := object{}
	if patch.Stock = p.chance(5, "into stock"); patch.Stock {
		body["customer_org"] = pick(p, []any{nil, object{}, object{"id": nil}}, "empty")
	} else {
		owner := pick(p, workspaces, "owner")
		patch.Owner, body["customer_org"] = &owner, ref(owner)
	}
	if p.chance(3, "with status") {
		patch.Status = pick(p, []int{0, 1, 2, 4}, "status")
		body["status"] = ref(int64(patch.Status))
	}
	p.sendPatch(h, patch, body)
}

func (p *pair) sendPatch(h int, patch model.Patch, body object) {
	text := p.write(body)
	understood := maps.Clone(body)
	if patch.Stock { // however it was written
		understood["customer_org"] = nil
	}
	canonical, _ := json.Marshal(understood) //nolint:errchkjson // ids only
	patch.Fingerprint = string(canonical)
	if p.chance(12, "malformed") {
		patch.Malformed = true
		text = pick(p, []string{"", "[]", `{"status":null}`, `{"status":{"id":"1"}}`, `{"status":1}`, `{"status":{"id":1},"state":1}`, `{"status":{}}`}, "fault")
	}
	patch.Key = p.key("patch 1", "patch 2")
	p.writeOnce(h, patch.Key, func(h int, again string) {
		want := p.model.PatchSIM(h, patch)
		got := p.try("patch sim"+again, h, request{"PATCH", fmt.Sprintf("/api/v1/sim/%d", patch.SIM), text, keyHeader(patch.Key)}, want)
		if want.Status == 204 || want.Status == 409 {
			p.model.Remember(h, "sim.patch", patch.Key, got)
		}
		if want.Status == 204 && want.Header["Location"] != "" {
			p.tally.reach("given away")
		}
	})
}

func (p *pair) deleteSIM() {
	h := p.caller()
	d := model.Deletion{SIMs: []int64{p.known(h)}}
	p.sendDeletion(h, d, fmt.Sprintf("/api/v1/sim/%d", d.SIMs[0]), "", "sim.delete")
}

// deleteSIMs deletes mostly of the many, which are alike.
func (p *pair) deleteSIMs() {
	h := p.caller()
	d := model.Deletion{Multi: true}
	for range p.index(4, "sims") {
		d.SIMs = append(d.SIMs, int64(manySIMs+p.index(many, "sim")))
	}
	if p.chance(4, "another") {
		d.SIMs = append(d.SIMs, p.known(h))
	}
	refs := []object{}
	for _, id := range d.SIMs {
		refs = append(refs, ref(id))
	}
	text, _ := json.Marshal(refs) //nolint:errchkjson // ids only
	if d.Malformed = p.chance(10, "malformed"); d.Malformed {
		text = []byte(pick(p, []string{"", "{}", "null", `[{"id":null}]`, `[1]`, `[{"id":"1"}]`, `[{"id":1}`}, "fault"))
	}
	p.sendDeletion(h, d, "/api/v1/sim/multi", string(text), "sim.delete.multi")
}

func (p *pair) sendDeletion(h int, d model.Deletion, path, body, operation string) {
	d.Key = p.key("delete 1", "delete 2")
	p.writeOnce(h, d.Key, func(h int, again string) {
		want := p.model.DeleteSIMs(h, d)
		got := p.try("delete sim"+again, h, request{"DELETE", path, body, keyHeader(d.Key)}, want)
		if want.Status == 204 || want.Status == 409 {
			p.model.Remember(h, operation, d.Key, got)
			p.tally.reach("deleted")
		}
	})
}
