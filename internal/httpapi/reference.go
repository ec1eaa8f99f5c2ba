package httpapi

import (
	"strings"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
)

// listed serves a closed list, which is encoded once.
func listed(entries any) func(*api, *request) (response, error) {
	return func(*api, *request) (response, error) { return httpx.OK(entries) }
}

var (
	simStatuses       = refs(fleet.SIMStatuses)
	deviceStatuses    = refs(fleet.DeviceStatuses)
	workspaceStatuses = refs(fleet.WorkspaceStatuses)
	userStatuses      = refs(fleet.UserStatuses)
	eventTypes        = eventTypeRefs()
	countries         = countryBodies()
	roles             = roleRefs(fleet.Administrator, fleet.Member, fleet.Observer, fleet.SuperAdmin)
)

func refs[T ~int8](list []fleet.Named[T]) []wire.Ref {
	out := make([]wire.Ref, len(list))
	for i, n := range list {
		out[i] = wire.Ref{ID: int64(n.ID), Description: n.Name}
	}
	return out
}

func eventTypeRefs() []wire.Ref {
	out := make([]wire.Ref, len(fleet.EventTypes))
	for i, t := range fleet.EventTypes {
		out[i] = wire.Ref{ID: int64(t.ID), Description: t.Name}
	}
	return out
}

func roleRefs(list ...fleet.Role) []wire.NamedRef {
	out := make([]wire.NamedRef, len(list))
	for i, r := range list {
		out[i] = wire.NamedRef{ID: int64(r), Name: r.String()}
	}
	return out
}

func statusRef(s fleet.SIMStatus) wire.Ref { return wire.Ref{ID: int64(s), Description: s.String()} }

func deviceRef(id fleet.DeviceID, name string) *wire.NamedRef {
	if id == 0 {
		return nil
	}
	return &wire.NamedRef{ID: int64(id), Name: name}
}

func workspaceRef(w fleet.Workspace) wire.NamedRef {
	return wire.NamedRef{ID: int64(w.ID), Name: w.Name}
}

// country returns nil if a Workspace's country is unknown or has no mobile country code.
func country(code string) *wire.Country {
	c, found := fleet.CountryByISO(code)
	if !found {
		return nil
	}
	return countryBody(c)
}

func countryBody(c fleet.Country) *wire.Country {
	return &wire.Country{ID: c.ID, Name: c.Name, ISOCode: strings.ToLower(c.ISO), MCC: c.MCC, CountryCode: c.CallingCode}
}

func countryBodies() []*wire.Country {
	out := make([]*wire.Country, len(fleet.Countries))
	for i, c := range fleet.Countries {
		out[i] = countryBody(c)
	}
	return out
}
