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
	return paged(r, l, found.Page, simBodies(found))
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

// patchSIM changes the status. An owner that is sent along must be the one that the SIM
// has: it changes by a migration.
func (a *api) patchSIM(r *request) (response, error) {
	id, err := r.id("sim_id")
	if err != nil {
		return response{}, err
	}
	var body wire.SIMPatch
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
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
	done := control.Reply{Status: http.StatusNoContent}
	reply, replayed, err := a.control.PatchSIM(r.Context(), r.who, fleet.SIMID(id), patch, once, done)
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
	if p.Customer, err = owner("customer_org", body.CustomerOrg); err != nil {
		return p, err
	}
	if p.Issuer, err = owner("issuer_org", body.IssuerOrg); err != nil {
		return p, err
	}
	p.Reseller, err = owner("reseller_org", body.ResellerOrg)
	return p, err
}

// owner reads a reference to a Workspace: nil where it is absent, 0 where it is null.
func owner(field string, ref wire.Optional[wire.IDRef]) (*fleet.WorkspaceID, error) {
	var id fleet.WorkspaceID
	if !ref.Set {
		return nil, nil
	}
	if !ref.Null {
		n, err := requiredID(field, ref)
		if err != nil {
			return nil, err
		}
		id = fleet.WorkspaceID(n)
	}
	return &id, nil
}

func knownStatus(field string, id int64) (fleet.SIMStatus, error) {
	s := fleet.SIMStatus(id)
	if int64(s) != id || !s.Known() {
		return 0, fleet.Invalid(field, "%d is no status of a SIM; GET /api/v1/sim/status lists them", id)
	}
	return s, nil
}

func simBodies(found control.SIMs) []wire.SIM {
	places := make(map[fleet.WorkspaceID]*wire.WorkspaceRef, len(found.Workspaces))
	for id, w := range found.Workspaces {
		places[id] = &wire.WorkspaceRef{ID: int64(w.ID), Name: w.Name, Country: country(w.Country)}
	}
	out := make([]wire.SIM, len(found.Items))
	for i, s := range found.Items {
		out[i] = wire.SIM{
			ID: int64(s.ID), ICCID: string(s.ICCID), ICCIDWithLuhn: s.ICCID.WithLuhn(), EID: s.EID, IMSI: s.IMSI, MSISDN: s.MSISDN,
			Status: statusRef(s.Status), ProductionDate: wire.NewTime(s.Produced), Endpoint: deviceRef(s.Device, s.DeviceName),
			CustomerOrg: places[s.Workspace], IssuerOrg: places[s.Issuer], ResellerOrg: places[s.Reseller], Model: standardModel,
		}
		if !s.Activated.IsZero() {
			t := wire.NewTime(s.Activated)
			out[i].ActivationDate = &t
		}
	}
	return out
}

// standardModel is the only kind of card that the inventory knows so far.
var standardModel = wire.Model{
	ID: 1, Description: "Standard SIM", MemorySize: "128",
	FormFactor: wire.NamedRef{ID: 1, Name: "2FF/3FF/4FF"}, Manufacturer: wire.NamedRef{ID: 1, Name: "Unknown"},
}
