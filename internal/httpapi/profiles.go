package httpapi

import (
	"context"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// listProfiles lists the profiles of one kind.
func listProfiles(kind fleet.ProfileKind) handler {
	return listOf(fleet.ProfileList, func(*request) (fleet.ProfileKind, error) { return kind, nil },
		(*control.Control).ListProfiles, profileKey, profileBody)
}

func profileKey(p fleet.Profile) int64          { return p.ID }
func profileBody(p fleet.Profile) wire.NamedRef { return wire.NamedRef{ID: p.ID, Name: p.Name} }

// getProfile returns one profile of a kind, which messages call resource.
func getProfile(kind fleet.ProfileKind, resource string) handler {
	return call(pathID[int64]("profile_id"), func(c *control.Control, ctx context.Context, caller identity.Principal, id int64) (fleet.Profile, error) {
		return c.Profile(ctx, caller, kind, id, resource)
	}, profileBody)
}
