package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func (a *api) listSIMs(r *request) (response, error) {
	l, err := r.list(fleet.SIMList)
	if err != nil {
		return response{}, err
	}
	found, err := a.control.ListSIMs(r.Context(), r.who, l)
	if err != nil {
		return response{}, err
	}
	return onPage(r, l, found.Page, func(s fleet.SIM) int64 { return int64(s.ID) }, response{status: http.StatusOK, body: simPage(found)}), nil
}

func (a *api) getSIM(r *request) (response, error) {
	id, err := r.id("sim_id")
	if err != nil {
		return response{}, err
	}
	found, err := a.control.SIM(r.Context(), r.who, fleet.SIMID(id))
	if err != nil {
		return response{}, err
	}
	return ok(simBodies(found)[0])
}

// patchSIM changes the status and, if the caller issued or resells the SIM, the owners.
func (a *api) patchSIM(r *request) (response, error) {
	id, err := r.id("sim_id")
	if err != nil {
		return response{}, err
	}
	var body wire.SIMPatch
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	body.CustomerOrg, body.IssuerOrg, body.ResellerOrg = emptied(body.CustomerOrg), emptied(body.IssuerOrg), emptied(body.ResellerOrg)
	once, err := r.once("sim.patch", struct {
		SIM  int64
		Body wire.SIMPatch
	}{id, body})
	if err != nil {
		return response{}, err
	}
	patch, err := simPatch(body)
	if err != nil {
		return response{}, err
	}
	reply, replayed, err := a.control.PatchSIM(r.Context(), r.who, fleet.SIMID(id), patch, once, patched)
	return replied(reply, replayed), err
}

// patched builds the reply to a patch. If the SIM moved, it points to the ledger.
func patched(entry fleet.MigrationID, refusal *fleet.Conflicts) control.Reply {
	switch {
	case refusal != nil:
		return refused(refusal)
	case entry != 0:
		return control.Reply{Status: http.StatusNoContent, Location: entryPath(entry)}
	}
	return control.Reply{Status: http.StatusNoContent}
}

func (a *api) deleteSIM(r *request) (response, error) {
	id, err := r.id("sim_id")
	if err != nil {
		return response{}, err
	}
	return a.delete(r, "sim.delete", []fleet.SIMID{fleet.SIMID(id)})
}

func (a *api) deleteSIMs(r *request) (response, error) {
	var body wire.Optional[[]wire.IDRef] // tolerant of extra properties, so that a listing may be sent back
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	ids, err := simIDs("", body.Value)
	if err != nil {
		return response{}, err
	}
	ids = fleet.Once(ids)
	if len(ids) == 0 || len(ids) > control.MaxDeletedSIMs {
		return response{}, fleet.Invalid("the body", "it has %d SIMs; send 1 to %d in one request", len(ids), control.MaxDeletedSIMs)
	}
	return a.delete(r, "sim.delete.multi", ids)
}

func (a *api) delete(r *request, operation string, ids []fleet.SIMID) (response, error) {
	once, err := r.once(operation, ids)
	if err != nil {
		return response{}, err
	}
	reply, replayed, err := a.control.DeleteSIMs(r.Context(), r.who, ids, once, control.Reply{Status: http.StatusNoContent}, stored)
	return replied(reply, replayed), err
}

func simPatch(body wire.SIMPatch) (p control.SIMPatch, err error) {
	if body.Status.Set {
		id, err := requiredID("status", body.Status)
		if err != nil {
			return p, err
		}
		status, err := knownStatus("status.id", id)
		if err != nil {
			return p, err
		}
		p.Status = &status
	}
	p.Customer, p.Issuer, p.Reseller = owner(body.CustomerOrg), owner(body.IssuerOrg), owner(body.ResellerOrg)
	return p, nil
}

// emptied turns {} and {"id": null} into null, because they mean the same.
func emptied(ref wire.Optional[wire.IDRef]) wire.Optional[wire.IDRef] {
	if v, there := ref.Get(); there && v.ID == nil {
		return wire.Null[wire.IDRef]()
	}
	return ref
}

// owner reads a reference to a Workspace after emptied; nil if it is absent.
func owner(ref wire.Optional[wire.IDRef]) *control.Owner {
	switch v, there := ref.Get(); {
	case !ref.Set:
		return nil
	case !there:
		return &control.Owner{None: true}
	default:
		return &control.Owner{ID: fleet.WorkspaceID(*v.ID)}
	}
}

func knownStatus(field string, id int64) (fleet.SIMStatus, error) {
	s := fleet.SIMStatus(id)
	if int64(s) != id || !s.Known() {
		return 0, fleet.Invalid(field, "%d is not a status of a SIM; GET /api/v1/sim/status lists them", id)
	}
	return s, nil
}

func simBodies(found control.SIMs) []wire.SIM {
	words := newSIMWords(found)
	out := make([]wire.SIM, len(found.Items))
	for i, s := range found.Items {
		words.put(&out[i], s)
	}
	return out
}

// simPage encodes a list of SIMs one by one, without a wire.SIM for each: a page has up to
// 2,500.
func simPage(found control.SIMs) []byte {
	const usual = 768 // bytes per SIM
	words := newSIMWords(found)
	var one wire.SIM
	out := append(make([]byte, 0, 2+usual*len(found.Items)), '[')
	for i, s := range found.Items {
		if i > 0 {
			out = append(out, ',')
		}
		words.put(&one, s)
		out = one.AppendJSON(out)
	}
	return append(out, ']')
}

// simWords holds the encoded objects that SIMs refer to.
type simWords struct {
	places map[fleet.WorkspaceID]*wire.WorkspaceRef
	models map[fleet.ModelID]wire.Model
}

func newSIMWords(found control.SIMs) simWords {
	w := simWords{make(map[fleet.WorkspaceID]*wire.WorkspaceRef, len(found.Workspaces)), make(map[fleet.ModelID]wire.Model, len(found.Models))}
	for id, p := range found.Workspaces {
		w.places[id] = &wire.WorkspaceRef{ID: int64(p.ID), Name: p.Name, Country: country(p.Country)}
	}
	for id, m := range found.Models {
		w.models[id] = modelBody(m)
	}
	return w
}

func (w *simWords) put(out *wire.SIM, s fleet.SIM) {
	*out = wire.SIM{
		ID: int64(s.ID), ICCID: string(s.ICCID), ICCIDWithLuhn: s.ICCID.WithLuhn(), EID: s.EID, IMSI: s.IMSI, MSISDN: s.MSISDN,
		Status: statusRef(s.Status), ProductionDate: wire.NewTime(s.Produced), Endpoint: deviceRef(s.Device, s.DeviceName),
		CustomerOrg: w.places[s.Workspace], IssuerOrg: w.places[s.Issuer], ResellerOrg: w.places[s.Reseller], Model: w.models[s.Model],
	}
	if !s.Activated.IsZero() {
		t := wire.NewTime(s.Activated)
		out.ActivationDate = &t
	}
}

func modelBody(m fleet.Model) wire.Model {
	return wire.Model{
		ID: int64(m.ID), Description: m.Description, MemorySize: m.MemorySize,
		FormFactor: wire.NamedRef(m.FormFactor), Manufacturer: wire.NamedRef(m.Manufacturer),
	}
}
