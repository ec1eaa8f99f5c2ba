package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
)

func connectivityBody(is control.Connectivity) wire.Connectivity {
	return wire.Connectivity{Status: wire.ConnectivityStatus{Description: string(is)}, Services: []string{}}
}

// connectivityReset resets both connections if there is no body.
func connectivityReset(r *request) (id fleet.DeviceID, canonical any, err error) {
	if id, err = deviceID(r); err != nil {
		return id, nil, err
	}
	var body wire.ConnectivityReset
	return id, id, r.DecodeOptional(&body)
}
