package cli

import (
	"strings"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/client"
)

// printOffer shows an offer as one of its sides sees it.
func (s *screen) printOffer(o *api.Offer) {
	s.line("Offer %d of %s, from %s to %s: %s", o.ID, sims(o.SIMCount), o.SourceWorkspace.Name, o.TargetWorkspace.Name, offerStatus(*o))
	s.why(o.Reference, o.Reason)
	if o.Status == client.OfferPending {
		s.line("  It expires on %s UTC. If it is not answered by then, all SIMs stay with the giver.", instant(o.ExpiresAt.Time))
	} else {
		s.line("  %s accepted, %s refused, %s gone", thousands(o.Accepted), thousands(o.Refused), thousands(o.Gone))
	}
	if o.Job != nil {
		s.line("  Job %v moves the SIMs: simferry jobs watch %v", refID(o.Job), refID(o.Job))
	}
	if o.Migration != nil {
		s.line("  Ledger entry %v", refID(o.Migration))
	}
	s.line("  The SIMs: simferry offers sims %d", o.ID)
	if o.Status == client.OfferPending && o.Direction == "incoming" {
		s.line("  To answer: simferry offers accept %d, or simferry offers refuse %d", o.ID, o.ID)
	}
}

// printOfferPreview shows what an offer would hand over.
func (s *screen) printOfferPreview(o *api.OfferResponse) {
	s.line("%s of %s for %s, open until %s UTC", sims(o.SIMCount), o.SourceWorkspace.Name, o.TargetWorkspace.Name, instant(o.ExpiresAt.Time))
	s.line("  %s sees of each: %s.", o.TargetWorkspace.Name, strings.Join(o.Crosses, ", "))
	s.line("  It does not see: %s.", strings.Join(o.Stays, ", "))
	s.line("  Nothing else can move these SIMs until the offer has ended.")
}

// printAcceptance shows what an acceptance does, or did.
func (s *screen) printAcceptance(a *api.OfferAcceptResponse) {
	verb := map[bool]string{true: "would move", false: "moved"}[a.DryRun]
	if a.Offer.Job != nil && !a.DryRun {
		verb = "are being moved"
	}
	s.line("%s %s from %s to %s; %s refused, %s gone", sims(a.SIMCount), verb, a.Offer.SourceWorkspace.Name, a.Offer.TargetWorkspace.Name,
		thousands(a.RefusedCount), thousands(a.GoneCount))
	offline := 0
	for _, sim := range a.SIMs {
		if sim.Status.ID != sim.StatusAfter.ID && sim.StatusAfter.Description == "Suspended" {
			offline++
		}
	}
	if offline > 0 {
		least := ""
		if len(a.SIMs) < a.SIMCount {
			least = "at least "
		}
		s.line("  %s%s arrive Suspended: they are offline until you activate them. --activate brings them online at once.", least, sims(offline))
	}
	if !a.DryRun && a.Offer.Job != nil {
		s.line("  To watch the job: simferry jobs watch %v", refID(a.Offer.Job))
	}
}
