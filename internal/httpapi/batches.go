package httpapi

import (
	"net/http"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func (a *api) getBatch(r *request) (response, error) {
	bic, err := fleet.ParseBIC(r.PathValue("bic"))
	if err != nil {
		return response{}, err
	}
	found, err := a.control.Batch(r.Context(), r.who, bic)
	if err != nil {
		return response{}, err
	}
	return ok(wire.Batch{SIMs: simBodies(found)})
}

func (a *api) registerBatch(r *request) (response, error) {
	bic, err := fleet.ParseBIC(r.PathValue("bic"))
	if err != nil {
		return response{}, err
	}
	var body wire.BatchRegistration
	if err := decode(r, &body); err != nil {
		return response{}, err
	}
	status, err := batchStatus(body)
	if err != nil {
		return response{}, err
	}
	once, err := r.once("sim_batch.register", struct {
		BIC    string
		Status fleet.SIMStatus
	}{bic, status})
	if err != nil {
		return response{}, err
	}
	reply, replayed, err := a.control.RegisterBatch(r.Context(), r.who, control.Registration{
		BIC: bic, Status: status, Once: once, Render: batchReply,
	})
	return replied(reply, replayed), err
}

func batchReply(done control.SIMs, refusal *fleet.Conflicts) control.Reply {
	if refusal != nil {
		return refused(refusal)
	}
	res := encoded(http.StatusOK, wire.Batch{SIMs: simBodies(done)})
	return control.Reply{Status: res.status, Body: res.body}
}

// batchStatus takes both forms of the body, and not both at once.
func batchStatus(body wire.BatchRegistration) (fleet.SIMStatus, error) {
	named, direct := body.SIMStatus.Set, body.ID.Set || body.Description.Set
	if named == direct {
		return 0, fleet.Invalid("sim_status", `send {"sim_status": {"id": 1}} or {"id": 1}: 0 leaves the SIMs as they are, 1 activates them`)
	}
	id, given := body.ID.Get()
	if named {
		n, err := requiredID("sim_status", body.SIMStatus)
		if err != nil {
			return 0, err
		}
		id, given = wire.ID(n), true
	}
	switch {
	case !given:
		return 0, fleet.Invalid("id", "it is required")
	case id != wire.ID(fleet.SIMIssued) && id != wire.ID(fleet.SIMActivated):
		return 0, fleet.Invalid("sim_status", "%d is no status that a batch can be registered with: 0 leaves the SIMs as they are, 1 activates them", id)
	}
	return fleet.SIMStatus(id), nil
}
