package model_test

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/simferry/simferry/internal/test/model"
)

func (p *pair) patchSIM() {
	bearer := p.caller()
	patch := model.Patch{SIM: p.known(bearer), Status: pick(p, []int{1, 2, 1, 2, 4, 0, 3, 7, 300}, "status")}
	body := object{"status": ref(int64(patch.Status))}
	if p.chance(8, "owner") {
		owner := pick(p, workspaces[:8], "owner")
		patch.Owner, body["customer_org"] = &owner, ref(owner)
	}
	p.sendPatch(bearer, patch, body)
}

// giveSIM moves one SIM the older way, mostly as its issuer.
func (p *pair) giveSIM() {
	bearer := p.caller()
	if issuers := p.model.Issuers(); len(issuers) > 0 && !p.chance(6, "any caller") {
		bearer = pick(p, issuers, "issuer")
	}
	patch := model.Patch{SIM: p.known(bearer), Status: -1}
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
	p.sendPatch(bearer, patch, body)
}

func (p *pair) sendPatch(bearer int, patch model.Patch, body object) {
	text := p.write(body)
	normalized := maps.Clone(body)
	if patch.Stock { // however it was written
		normalized["customer_org"] = nil
	}
	canonical, _ := json.Marshal(normalized) //nolint:errchkjson // ids only
	patch.Fingerprint = string(canonical)
	if p.chance(12, "malformed") {
		patch.Malformed = true
		text = pick(p, []string{"", "[]", `{"status":null}`, `{"status":{"id":"1"}}`, `{"status":1}`, `{"status":{"id":1},"state":1}`, `{"status":{}}`}, "fault")
	}
	patch.Key = p.key("patch 1", "patch 2")
	p.writeOnce(bearer, patch.Key, func(bearer int, again string) {
		want := p.model.PatchSIM(bearer, patch)
		got := p.try("patch sim"+again, bearer, request{"PATCH", fmt.Sprintf("/api/v1/sim/%d", patch.SIM), text, keyHeader(patch.Key)}, want)
		if want.Status == 204 || want.Status == 409 {
			p.model.Remember(bearer, "sim.patch", patch.Key, got)
		}
		if want.Status == 204 && want.Header["Location"] != "" {
			p.tally.reach("given away")
		}
	})
}

func (p *pair) deleteSIM() {
	bearer := p.caller()
	d := model.Deletion{SIMs: []int64{p.known(bearer)}}
	p.sendDeletion(bearer, d, fmt.Sprintf("/api/v1/sim/%d", d.SIMs[0]), "", "sim.delete")
}

// deleteSIMs deletes mostly of the many, which are alike.
func (p *pair) deleteSIMs() {
	bearer := p.caller()
	d := model.Deletion{Multi: true}
	for range p.index(4, "sims") {
		d.SIMs = append(d.SIMs, int64(manySIMs+p.index(many, "sim")))
	}
	if p.chance(4, "another") {
		d.SIMs = append(d.SIMs, p.known(bearer))
	}
	refs := []object{}
	for _, id := range d.SIMs {
		refs = append(refs, ref(id))
	}
	text, _ := json.Marshal(refs) //nolint:errchkjson // ids only
	if d.Malformed = p.chance(10, "malformed"); d.Malformed {
		text = []byte(pick(p, []string{"", "{}", "null", `[{"id":null}]`, `[1]`, `[{"id":"1"}]`, `[{"id":1}`}, "fault"))
	}
	p.sendDeletion(bearer, d, "/api/v1/sim/multi", string(text), "sim.delete.multi")
}

func (p *pair) sendDeletion(bearer int, d model.Deletion, path, body, operation string) {
	d.Key = p.key("delete 1", "delete 2")
	p.writeOnce(bearer, d.Key, func(bearer int, again string) {
		want := p.model.DeleteSIMs(bearer, d)
		got := p.try("delete sim"+again, bearer, request{"DELETE", path, body, keyHeader(d.Key)}, want)
		if want.Status == 204 || want.Status == 409 {
			p.model.Remember(bearer, operation, d.Key, got)
			p.tally.reach("deleted")
		}
	})
}
