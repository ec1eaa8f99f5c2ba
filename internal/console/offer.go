package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var offerRoutes = []route{
	{pattern: "GET /offers/{id}", need: identity.ReadMigrations, handle: offerPage},
	{pattern: "POST /offers/{id}", need: identity.ManageOffers, handle: turnAnswer, again: againTurn},
	{pattern: "POST /offers/{id}/cancel", need: identity.ManageOffers, handle: cancelOffer},
}

// offerSIMsPer is how many SIMs of an offer a page shows.
const offerSIMsPer = 50

// answerQuery is what the receiver wants to do with the SIMs of an offer. It travels in addresses
// and forms, so that it lasts over the pages of the SIMs. A long one travels in forms alone.
type answerQuery struct {
	No       selection // the SIMs that are refused
	Reason   string
	Activate bool // SIMs that are online stay online
	Page     int
}

// parseAnswer reads an address, or a form. A form has the SIMs of its page in rows, and the answer
// to each SIM in the field sim- and the id.
func parseAnswer(v url.Values) answerQuery {
	boxes := url.Values{"all": v["all"], "sel": v["sel"], "rows": v["rows"]}
	for _, id := range idsOf(v["rows"]) {
		if text := strconv.FormatInt(id, 10); v.Get("sim-"+text) == "refuse" {
			boxes.Add("sim", text)
		}
	}
	return answerQuery{No: parseLongSelection(boxes, fleet.MaxOfferSIMs), Reason: strings.TrimSpace(v.Get("reason")), Activate: v.Get("landing") == "activate", Page: pageOf(v)}
}

// Long reports whether the answer, with another page of SIMs, could name too many for an address.
func (q answerQuery) Long() bool { return len(q.No.IDs)+offerSIMsPer > maxPicked }

// turn does what the button that sent the form says, and shows the next page: after a redirect,
// unless the answer is too long for an address.
func (r *request) turn(id fleet.OfferID, q answerQuery, do string) (reply, error) {
	switch do {
	case "page":
	case "next":
		q.Page++
	case "prev":
		q.Page = max(1, q.Page-1)
	case "accept":
		q.No = selection{}
	case "refuse":
		q.No = selection{All: true}
	default:
		q.Page = 1
		if q.Long() {
			return r.previewAnswer(id, q, "")
		}
		return seeOther(q.address(offerAddress(id) + "/answer")), nil
	}
	if q.Long() {
		return r.showOffer(id, offerData{Answer: q})
	}
	return seeOther(q.address(offerAddress(id))), nil
}

// turnAnswer is turn for a form with a long answer.
func turnAnswer(r *request) (reply, error) {
	id, err := r.offerID()
	if err != nil {
		return reply{}, err
	}
	return r.turn(id, parseAnswer(r.PostForm), r.PostForm.Get("do"))
}

// againTurn returns the page to open after the sign-in if turnAnswer had no session.
func againTurn(r *request) string { return r.URL.Path }

func (q answerQuery) address(path string) string {
	v := url.Values{}
	q.No.put(v)
	if q.Reason != "" {
		v.Set("reason", q.Reason)
	}
	if q.Activate {
		v.Set("landing", "activate")
	}
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	return withQuery(path, v)
}

// Accepts reports whether the answer accepts a SIM.
func (q answerQuery) Accepts(id fleet.SIMID) bool { return !q.No.HasSIM(id) }

// offerData is what the page of an offer shows.
type offerData struct {
	Offer     offerRow
	SIMs      control.OfferSIMs
	Tabs      []offerSIMTab
	Show      string
	At        pager
	Answer    answerQuery
	Refuse    int // SIMs that the answer refuses
	MayAnswer bool
	MayCancel bool
	Problem   string
}

// offerSIMTab is a tab of the SIMs of an offer that has ended.
type offerSIMTab struct {
	Name  string // "" for all
	Path  string
	Count int
}

// Accept returns how many SIMs the answer accepts.
func (d offerData) Accept() int { return d.Offer.SIMs - d.Refuse }

// Rows returns the ids of the SIMs of the page.
func (d offerData) Rows() string {
	ids := make([]int64, len(d.SIMs.Items))
	for i, s := range d.SIMs.Items {
		ids[i] = int64(s.SIM)
	}
	return listOf(ids)
}

func (r *request) offerID() (fleet.OfferID, error) {
	id, err := r.id("id")
	return fleet.OfferID(id), err
}

func offerPage(r *request) (reply, error) {
	id, err := r.offerID()
	if err != nil {
		return reply{}, err
	}
	v := r.URL.Query()
	q := parseAnswer(v)
	if v.Has("rows") {
		return r.turn(id, q, v.Get("do"))
	}
	return r.showOffer(id, offerData{Answer: q, Show: v.Get("state")})
}

// showOffer shows the page of an offer, with what a form adds to it.
func (r *request) showOffer(id fleet.OfferID, d offerData) (reply, error) {
	filter := ""
	if d.Show != "" {
		filter = "state:" + d.Show
	}
	l, err := fleet.ParseList(fleet.OfferSIMList, filter, "id", strconv.Itoa(d.Answer.Page), strconv.Itoa(offerSIMsPer))
	if err != nil {
		return reply{}, err
	}
	if d.SIMs, err = r.control().ListOfferSIMs(r.Context(), r.caller, id, l); err != nil {
		return reply{}, err
	}
	d.Offer = r.offerRow(d.SIMs.Offer)
	d.Refuse = d.Answer.No.count(d.Offer.SIMs)
	d.MayAnswer = d.Offer.Incoming && d.Offer.Pending() && r.caller.May(identity.ManageOffers)
	d.MayCancel = !d.Offer.Incoming && d.Offer.Pending() && r.caller.May(identity.ManageOffers)
	if !d.Offer.Pending() {
		d.Tabs = d.tabs()
	}
	d.At = numberedPager(d.SIMs.Page.Page, d.SIMs.PerPage, len(d.SIMs.Items), d.SIMs.Total, func(n int) string {
		if d.Show != "" {
			return offerAddress(id) + "?" + query("state", d.Show, "page", strconv.Itoa(n))
		}
		q := d.Answer
		q.Page = n
		return q.address(offerAddress(id))
	})
	return r.page("offer", "offers", d.Offer.What(), d)
}

// tabs returns the tabs of the SIMs of an offer that has been answered.
func (d offerData) tabs() []offerSIMTab {
	o, here := d.Offer, d.Offer.Path()
	tabs := []offerSIMTab{{"", here, o.SIMs}}
	for _, t := range []offerSIMTab{{"accepted", "", o.Accepted}, {"refused", "", o.Refused}, {"gone", "", o.Gone}} {
		if t.Count > 0 {
			t.Path = here + "?" + query("state", t.Name)
			tabs = append(tabs, t)
		}
	}
	return tabs
}

// Model returns the description of the model of a SIM.
func (d offerData) Model(s fleet.OfferSIM) string { return d.SIMs.Models[s.Model].Description }

// StateClass returns the class of the tag of what became of a SIM.
func (offerData) StateClass(s fleet.OfferSIMState) string {
	return map[fleet.OfferSIMState]string{fleet.SIMOfferAccepted: "ok", fleet.SIMOfferRefused: "bad"}[s]
}

// cancelOffer takes an offer back.
func cancelOffer(r *request) (reply, error) {
	id, err := r.offerID()
	if err != nil {
		return reply{}, err
	}
	res, err := write(r, "console "+r.route.pattern, func(w control.Write[control.Offer]) (control.Reply, error) {
		return r.control().CancelOffer(r.Context(), r.caller, id, w)
	}, func(control.Offer) string { return done(offerAddress(id), "offer.cancelled") })
	if problems := problemsOf(err); len(problems) > 0 { // answered meanwhile
		return unprocessable(r.showOffer(id, offerData{Problem: problems[0], Answer: answerQuery{Page: 1}}))
	}
	return res, err
}

// unprocessable marks the page of a form that is shown again.
func unprocessable(res reply, err error) (reply, error) {
	if err == nil {
		res.status = http.StatusUnprocessableEntity
	}
	return res, err
}
