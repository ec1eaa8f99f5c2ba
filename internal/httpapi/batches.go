package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// batchStatuses are the possible statuses of a batch, by id. GET shows only the first: it refuses a
// batch that is registered.
var batchStatuses = []wire.Ref{{ID: 0, Description: "Not registered"}, {ID: 1, Description: "Registered"}}

const batchStatusHelp = "id 0 keeps the status of the SIMs, 1 activates them, 4 starts their Factory Test"

func batchCode(r *request) (string, error) { return fleet.ParseBIC(r.PathValue("bic")) }

func batchBody(found control.Batch) wire.BatchInfo {
	body := wire.BatchInfo{
		ID: found.ID, BIC: found.BIC, BSN: found.BIC, Quantity: int64(found.Quantity), Status: batchStatuses[0], Model: modelBody(found.Model),
		IssuerOrgID: int64(found.Issuer), CustomerOrgID: int64(found.Issuer), SIMModelID: int64(found.Model.ID),
	}
	if found.Reseller != 0 {
		reseller := int64(found.Reseller)
		body.ResellerOrgID = &reseller
	}
	return body
}

func batchRegistration(r *request) (reg control.Registration, canonical any, err error) {
	if reg.BIC, err = batchCode(r); err != nil {
		return reg, nil, err
	}
	var body wire.BatchRegistration
	if err := r.Decode(&body); err != nil {
		return reg, nil, err
	}
	reg.Status, err = batchStatus(body)
	return reg, reg, err
}

func registeredBatch(done control.SIMs) control.Reply {
	return jsonReply(http.StatusOK, wire.Batch{SIMs: simBodies(done)})
}

// batchStatus accepts either form of the body, but not both together.
func batchStatus(body wire.BatchRegistration) (fleet.SIMStatus, error) {
	named, direct := body.SIMStatus.Set, body.ID.Set || body.Description.Set
	if named == direct {
		return 0, fleet.Invalid("sim_status", `send {"sim_status": {"id": 1}} or {"id": 1}: `+batchStatusHelp)
	}
	id, given := body.ID.Get()
	if named {
		n, err := httpx.RequiredID("sim_status", body.SIMStatus)
		if err != nil {
			return 0, err
		}
		id, given = wire.ID(n), true
	}
	switch {
	case !given:
		return 0, fleet.Invalid("id", "it is required")
	case id != wire.ID(fleet.SIMIssued) && id != wire.ID(fleet.SIMActivated) && id != wire.ID(fleet.SIMFactoryTest):
		return 0, fleet.Invalid("sim_status", "a batch cannot be registered with status %d: "+batchStatusHelp, id)
	}
	return fleet.SIMStatus(id), nil
}
