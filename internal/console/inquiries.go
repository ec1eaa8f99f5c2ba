package console

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var inquiriesRoutes = []route{
	{pattern: "GET /inquiries", need: identity.ManageOffers, handle: inquiriesPage},
	{pattern: "GET /inquiries/{id}", need: identity.ManageOffers, handle: inquiryPage},
	{pattern: "POST /inquiries/{id}/decline", need: identity.ManageOffers, handle: declineInquiry},
	{pattern: "POST /inquiries/{id}/offer", need: identity.ManageOffers, handle: offerInquiry},
}

// inquiriesPer is how many inquiries or requests a page shows.
const inquiriesPer = 25

// inquiriesData is what the list of inquiries shows.
type inquiriesData struct {
	Rows []inquiryRow
	At   pager
}

// inquiryRow is an inquiry as pages show it.
type inquiryRow struct{ fleet.Inquiry }

// What says which Workspace asks for how many SIMs.
func (q inquiryRow) What() string {
	return plural("inquiry.what", q.SIMs, q.Request.Workspace.Name)
}

// Path returns the address of the page of the inquiry.
func (q inquiryRow) Path() string { return inquiryAddress(q.Request.ID) }

// Open reports whether the inquiry can still be answered.
func (q inquiryRow) Open() bool { return q.State == fleet.InquiryOpen }

// Words returns the state of the inquiry.
func (q inquiryRow) Words() string { return text("inquiry.state." + string(q.State)) }

// Class returns the class of the tag of the state.
func (q inquiryRow) Class() string {
	return map[fleet.InquiryState]string{fleet.InquiryOpen: "warn", fleet.InquiryOffered: "ok"}[q.State]
}

func inquiryAddress(id fleet.SIMRequestID) string {
	return "/inquiries/" + strconv.FormatInt(int64(id), 10)
}

func inquiriesPage(r *request) (reply, error) {
	found, err := r.listInquiries("", pageOf(r.URL.Query()), inquiriesPer)
	if err != nil {
		return reply{}, err
	}
	d := inquiriesData{At: numberedPager(found.Page, found.PerPage, len(found.Items), found.Total, func(n int) string {
		return "/inquiries?" + query("page", strconv.Itoa(n))
	})}
	for _, q := range found.Items {
		d.Rows = append(d.Rows, inquiryRow{q})
	}
	return r.page("inquiries", "offers", text("inquiries.title"), d)
}

func (r *request) listInquiries(filter string, page, per int) (found fleet.Page[fleet.Inquiry], err error) {
	l, err := fleet.ParseList(fleet.InquiryList, filter, "-id", strconv.Itoa(page), strconv.Itoa(per))
	if err != nil {
		return found, err
	}
	return r.control().ListInquiries(r.Context(), r.caller, l)
}

// inquiryData is what the page of an inquiry shows.
type inquiryData struct {
	Inquiry           inquiryRow
	SIMs              []fleet.InquirySIM
	Out               []fleet.SIMID // SIMs that the offer leaves out
	Detach            bool
	Expires           string // the last day, "" for a week
	Reason, Reference string
	Problems          []string
	Reasons           []answerReason     // why SIMs cannot be offered
	Made              *control.MadeOffer // of a preview
}

// Chosen reports whether the offer has a SIM.
func (d inquiryData) Chosen(id fleet.SIMID) bool { return !slices.Contains(d.Out, id) }

// Left returns how many SIMs have left the Workspace since the request arrived.
func (d inquiryData) Left() int { return d.Inquiry.SIMs - len(d.SIMs) }

func (r *request) requestID() (fleet.SIMRequestID, error) {
	id, err := r.id("id")
	return fleet.SIMRequestID(id), err
}

func inquiryPage(r *request) (reply, error) {
	id, err := r.requestID()
	if err != nil {
		return reply{}, err
	}
	return r.showInquiry(id, inquiryData{})
}

// showInquiry shows the page of an inquiry, with what a form adds to it.
func (r *request) showInquiry(id fleet.SIMRequestID, d inquiryData) (reply, error) {
	q, err := r.control().Inquiry(r.Context(), r.caller, id)
	if err != nil {
		return reply{}, err
	}
	d.Inquiry, d.SIMs = inquiryRow{q.Inquiry}, q.SIMs
	res, err := r.page("inquiry", "offers", d.Inquiry.What(), d)
	if len(d.Problems)+len(d.Reasons) > 0 {
		return unprocessable(res, err)
	}
	return res, err
}

// declineInquiry declines an inquiry.
func declineInquiry(r *request) (reply, error) {
	id, err := r.requestID()
	if err != nil {
		return reply{}, err
	}
	res, err := write(r, "console "+r.route.pattern, func(w control.Write[control.Inquiry]) (control.Reply, error) {
		return r.control().DeclineInquiry(r.Context(), r.caller, id, w)
	}, func(control.Inquiry) string { return done(inquiryAddress(id), "inquiry.declined") })
	if problems := problemsOf(err); len(problems) > 0 { // answered meanwhile
		return r.showInquiry(id, inquiryData{Problems: problems})
	}
	return res, err
}

// offerInquiry shows the preview of an offer for an inquiry, or makes the offer.
func offerInquiry(r *request) (reply, error) {
	id, err := r.requestID()
	if err != nil {
		return reply{}, err
	}
	n, d := readInquiryOffer(id, r.PostForm)
	do := r.PostForm.Get("do")
	if do == "edit" || len(d.Problems) > 0 {
		return r.showInquiry(id, d)
	}
	if do == "make" {
		res, err := write(r, "console "+r.route.pattern, func(w control.Write[control.MadeOffer]) (control.Reply, error) {
			return r.control().OfferInquiry(r.Context(), r.caller, n, w)
		}, func(m control.MadeOffer) string { return done(offerAddress(m.Offer.ID), "offer.made") })
		if err == nil || fleet.CodeOf(err) == fleet.Forbidden {
			return res, err
		}
	}
	n.Offer.DryRun = true // also after a refusal: the preview says why
	made, err := preview(func(w control.Write[control.MadeOffer]) (control.Reply, error) {
		return r.control().OfferInquiry(r.Context(), r.caller, n, w)
	})
	var refused *fleet.Conflicts
	switch {
	case err == nil:
		d.Made = &made
		return r.showInquiry(id, d)
	case errors.As(err, &refused):
		d.Reasons, _ = reasonsOf(refused)
		return r.showInquiry(id, d)
	}
	if d.Problems = problemsOf(err); len(d.Problems) > 0 {
		return r.showInquiry(id, d)
	}
	return reply{}, err
}

// readInquiryOffer reads the form. It has the SIMs of the page in rows, and those that are offered
// in sim.
func readInquiryOffer(id fleet.SIMRequestID, form url.Values) (n control.InquiryOffer, d inquiryData) {
	d = inquiryData{
		Detach: form.Get("detach") == "yes", Expires: form.Get("expires"), Reason: strings.TrimSpace(form.Get("reason")),
		Reference: strings.TrimSpace(form.Get("reference")),
	}
	n = control.InquiryOffer{Inquiry: id, Offer: control.NewOffer{DetachDevices: d.Detach, Note: fleet.Note{Reference: d.Reference, Reason: d.Reason}}}
	given := idsOf(form["sim"])
	for _, sim := range idsOf(form["rows"]) {
		if slices.Contains(given, sim) {
			n.SIMs = append(n.SIMs, fleet.SIMID(sim))
		} else {
			d.Out = append(d.Out, fleet.SIMID(sim))
		}
	}
	if len(n.SIMs) == 0 {
		d.Problems = append(d.Problems, text("inquiry.none"))
	}
	var wrong string
	if n.Offer.Expires, wrong = endOfDay(d.Expires); wrong != "" {
		d.Problems = append(d.Problems, wrong)
	}
	if err := n.Offer.Note.Check(); err != nil {
		d.Problems = append(d.Problems, sentence(err.Error()))
	}
	return n, d
}

// Rows returns the ids of the SIMs.
func (d inquiryData) Rows() string {
	ids := make([]int64, len(d.SIMs))
	for i, s := range d.SIMs {
		ids[i] = int64(s.SIM)
	}
	return listOf(ids)
}
