package mutants

import "github.com/simferry/simferry/internal/test/faults"

const (
	offerFile       = "internal/fleet/offer.go"
	offersFile      = "internal/control/offers.go"
	offerAnswerFile = "internal/control/offeranswer.go"
	approvalFile    = "internal/control/jobapproval.go"
	storeOffersFile = "internal/store/offers.go"
)

// offers holds bugs of offers and approvals. Ordinary tests must catch them.
var offers = []faults.Mutation{
	replace("offer_code_reused", "a code for one offer can be used again",
		offerFile, "c.SingleUse && c.Offers > 0 || ", ""),
	replace("offer_code_sender", "any Workspace can use a code that is for one sender",
		offerFile, "c.Status(now) == CodeValid && (c.Sender == 0 || c.Sender == sender)", "c.Status(now) == CodeValid"),
	replace("offer_giver_left", "an offer is accepted whose giver is no longer Administrator",
		offerFile, "if giver.Administers() && ", "if "),
	replace("offer_source_suspended", "an offer of a suspended Workspace is accepted",
		offerFile, "giver.Administers() && o.Source.Status == WorkspaceEnabled", "giver.Administers()"),
	replace("offer_unmarked", "the SIMs of an offer can be moved meanwhile",
		storeOffersFile, `" SET offer_id = "+offer+`, `" SET offer_id = offer_id + 0*"+offer+`),
	replace("offer_after_end", "an offer can be accepted after its end, until a server has noticed it",
		offerAnswerFile, "case o.ExpiredAt(tx.Now()):", "case false:"),
	replace("offer_answered_twice", "an offer can be answered again",
		offerAnswerFile, "case o.State != fleet.OfferPending:\n\t\treturn o, fleet.Errorf(fleet.InUse, \"The offer is %s: it can no longer be answered\"",
		"case false:\n\t\treturn o, fleet.Errorf(fleet.InUse, \"The offer is %s: it can no longer be answered\""),
	replace("offer_user_shown", "the giver sees which user accepted",
		ledgerFile, "if c.Authority == fleet.AuthorityOffer {", "if false {"),
	replace("approval_own", "the user who made a job approves it",
		approvalFile, "case j.User == caller.User:", "case false:"),
	replace("approval_other_plan", "an approval counts for another plan than the approver saw",
		approvalFile, "\t}\n\treturn a.isOf(j)\n", "\t}\n\treturn nil\n"),
	replace("approval_role_lost", "the approval of a user counts who is no longer Administrator",
		approvalFile, "return rights[a.User][source].Role.Administers() }", "return true }"),
	splitBefore("offer_accepted_after_commit", "the SIMs of an accepted offer move in a transaction of their own, before the offer is marked",
		storeOffersFile, "\tw := where{tx: tx}\n\ttext := \"UPDATE offer_sims SET state = \""),
	splitBefore("offer_marks_outside", "the marks of an offer's SIMs are cleared in a transaction of their own, after what was decided",
		storeOffersFile, "\tif err == nil {\n\t\terr = tx.unmarkSIMs(ctx, id, \"\")"),
}
