package operatorapi

import (
	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/fleet"
)

func offerInPath(r *request) (id fleet.OfferID, understood any, err error) {
	n, err := r.PathID("offer_id")
	return fleet.OfferID(n), n, err
}

func offerBody(o fleet.Offer) wire.OperatorOffer {
	return wire.OperatorOffer{
		ID: int64(o.ID), Status: string(o.State), SIMCount: o.SIMs, CreatedAt: wire.NewTime(o.Created), EndedAt: wire.NewTime(o.Ended),
		SourceWorkspace: wire.NamedRef{ID: int64(o.Source.ID), Name: o.Source.Name},
		TargetWorkspace: wire.NamedRef{ID: int64(o.Target.ID), Name: o.Target.Name},
	}
}
