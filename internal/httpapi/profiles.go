package httpapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
)

// listProfiles lists the profiles of one kind.
func listProfiles(kind fleet.ProfileKind) func(*api, *request) (response, error) {
	return func(a *api, r *request) (response, error) {
		l, err := r.list(fleet.ProfileList)
		if err != nil {
			return response{}, err
		}
		page, err := a.control.ListProfiles(r.Context(), r.who, kind, l)
		if err != nil {
			return response{}, err
		}
		out := make([]wire.NamedRef, len(page.Items))
		for i, p := range page.Items {
			out[i] = wire.NamedRef{ID: p.ID, Name: p.Name}
		}
		return paged(r, l, page, func(x fleet.Profile) int64 { return x.ID }, out)
	}
}

// getProfile returns one profile of a kind, which messages call resource.
func getProfile(kind fleet.ProfileKind, resource string) func(*api, *request) (response, error) {
	return func(a *api, r *request) (response, error) {
		id, err := r.id("profile_id")
		if err != nil {
			return response{}, err
		}
		p, err := a.control.Profile(r.Context(), r.who, kind, id, resource)
		if err != nil {
			return response{}, err
		}
		return ok(wire.NamedRef{ID: p.ID, Name: p.Name})
	}
}
