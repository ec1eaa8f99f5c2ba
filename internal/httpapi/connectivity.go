package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
)

func (a *api) getConnectivity(r *request) (response, error) {
	id, err := r.id("endpoint_id")
	if err != nil {
		return response{}, err
	}
	is, err := a.control.Connectivity(r.Context(), r.who, fleet.DeviceID(id))
	if err != nil {
		return response{}, err
	}
	return ok(wire.Connectivity{Status: wire.ConnectivityStatus{Description: string(is)}, Services: []string{}})
}

// resetConnectivity resets both connections if there is no body.
func (a *api) resetConnectivity(r *request) (response, error) {
	id, err := r.id("endpoint_id")
	if err != nil {
		return response{}, err
	}
	var body wire.ConnectivityReset
	if err := decodeIfAny(r, &body); err != nil {
		return response{}, err
	}
	once, err := r.once("device.connectivity", id)
	if err != nil {
		return response{}, err
	}
	reply, replayed, err := a.control.ResetConnectivity(r.Context(), r.who, fleet.DeviceID(id), once, nothingMore)
	return replied(reply, replayed), err
}
