package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

func (a *api) listSIMs(r *request) (response, error) {
	l, err := r.List(fleet.SIMList)
	if err != nil {
		return response{}, err
	}
	found, err := a.control.ListSIMs(r.Context(), r.caller, l)
	if err != nil {
		return response{}, err
	}
	return httpx.OnPage(r.Request, l, found.Page, func(s fleet.SIM) int64 { return int64(s.ID) }, response{Status: http.StatusOK, Body: simPage(found)}), nil
}

var simID = pathID[fleet.SIMID]("sim_id")

func simBody(found control.SIMs) wire.SIM { return simBodies(found)[0] }

// simPatchRequest reads the changes of a SIM: its status and, if the caller issued or resells
// the SIM, its owners.
func simPatchRequest(r *request) (p control.SIMPatch, canonical any, err error) {
	id, err := simID(r)
	if err != nil {
		return p, nil, err
	}
	var body wire.SIMPatch
	if err := r.Decode(&body); err != nil {
		return p, nil, err
	}
	body.CustomerOrg, body.IssuerOrg, body.ResellerOrg = emptied(body.CustomerOrg), emptied(body.IssuerOrg), emptied(body.ResellerOrg)
	p, err = simPatch(body)
	p.SIM = id
	return p, struct {
		SIM  int64
		Body wire.SIMPatch
	}{int64(id), body}, err
}

// patchedSIM points to the ledger if the SIM moved.
func patchedSIM(entry fleet.MigrationID) control.Reply {
	reply := control.Reply{Status: http.StatusNoContent}
	if entry != 0 {
		reply.Location = entryPath(entry)
	}
	return reply
}

func oneSIM(r *request) (ids []fleet.SIMID, canonical any, err error) {
	id, err := simID(r)
	ids = []fleet.SIMID{id}
	return ids, ids, err
}

func manySIMs(r *request) (ids []fleet.SIMID, canonical any, err error) {
	var body wire.Optional[[]wire.IDRef] // tolerant of extra properties, so that a listing may be sent back
	if err := r.Decode(&body); err != nil {
		return nil, nil, err
	}
	if ids, err = simIDs("", body.Value); err != nil {
		return nil, nil, err
	}
	ids = fleet.Once(ids)
	if len(ids) == 0 || len(ids) > control.MaxDeletedSIMs {
		return nil, nil, fleet.Invalid("the body", "it has %d SIMs; send 1 to %d in one request", len(ids), control.MaxDeletedSIMs)
	}
	return ids, ids, nil
}

func simPatch(body wire.SIMPatch) (p control.SIMPatch, err error) {
	if body.Status.Set {
		id, err := httpx.RequiredID("status", body.Status)
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
	p.Note = fleet.Note{Reference: body.Reference.Or(""), Reason: body.Reason.Or("")}
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
