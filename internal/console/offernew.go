package console

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var offerNewRoutes = []route{
	{pattern: "GET /offers/new", need: identity.ManageOffers, handle: newOfferPage},
	{pattern: "POST /offers/new", need: identity.ManageOffers, handle: makeOffer, again: againOffer},
}

// newOfferData is what the form of a new offer, and its preview, show.
type newOfferData struct {
	Source            moveData // where the SIMs come from
	Code              string
	Reason, Reference string
	Expires           string // the last day, "" for a week
	Detach            bool
	Problems          []string

	Made    *control.MadeOffer // of a preview
	Named   []fleet.OfferSIM   // the first SIMs of it
	Reasons []answerReason     // why SIMs cannot be offered
}

// maxOfferNamed is how many SIMs the preview of an offer lists.
const maxOfferNamed = 50

// newOfferPage shows the form. A selection of the list of SIMs comes in the address.
func newOfferPage(r *request) (reply, error) {
	v := r.URL.Query()
	s := parseSIMs(v)
	if err := s.exact(); err != nil {
		return reply{}, err
	}
	if v.Has("rows") { // the form around a list
		return seeOther("/offers/new" + strings.TrimPrefix(s.address(), "/sims")), nil
	}
	d := newOfferData{Source: moveData{From: "paste"}}
	if err := r.pickedFor(&d.Source, s); err != nil {
		return reply{}, err
	}
	return r.showNewOffer(d)
}

func (r *request) showNewOffer(d newOfferData) (reply, error) {
	res, err := r.page("offernew", "offers", text("offer.make"), d)
	if err == nil && len(d.Problems)+len(d.Reasons) > 0 {
		res.status = http.StatusUnprocessableEntity
	}
	return res, err
}

// readOffer reads the form.
func (r *request) readOffer() (d newOfferData, err error) {
	form := r.PostForm
	d = newOfferData{
		Source: moveData{Pasted: form.Get("iccids")}, Code: strings.TrimSpace(form.Get("code")), Reason: strings.TrimSpace(form.Get("reason")),
		Reference: strings.TrimSpace(form.Get("reference")), Expires: form.Get("expires"), Detach: form.Get("detach") == "yes",
	}
	list, err := url.ParseQuery(form.Get("list"))
	if err != nil {
		return d, fleet.Invalid("list", "it is not the address of a list of SIMs: open the list and select again")
	}
	if err := r.pickedFor(&d.Source, parseSIMs(list)); err != nil {
		return d, err
	}
	if d.Source.From = form.Get("from"); d.Source.From != "selection" {
		d.Source.From = "paste"
	}
	return d, nil
}

// makeOffer shows the preview of an offer, or makes it.
func makeOffer(r *request) (reply, error) {
	d, err := r.readOffer()
	if err != nil {
		return reply{}, err
	}
	if r.PostForm.Get("do") == "edit" {
		return r.showNewOffer(d)
	}
	n, err := r.offerOf(&d)
	if err != nil {
		return reply{}, err
	}
	if len(d.Problems) > 0 {
		return r.showNewOffer(d)
	}
	if r.PostForm.Get("do") == "make" {
		res, err := write(r, "console "+r.route.pattern, func(w control.Write[control.MadeOffer]) (control.Reply, error) {
			return r.control().MakeOffer(r.Context(), r.caller, n, w)
		}, func(m control.MadeOffer) string { return done(offerAddress(m.Offer.ID), "offer.made") })
		if err == nil || fleet.CodeOf(err) == fleet.Forbidden {
			return res, err
		}
		d.Problems = problemsOf(err)
	}
	n.DryRun = true // also after a refusal: the preview says why
	made, err := preview(func(w control.Write[control.MadeOffer]) (control.Reply, error) {
		return r.control().MakeOffer(r.Context(), r.caller, n, w)
	})
	return r.previewOffer(d, made, err)
}

// previewOffer shows what an offer would do, or the form with the reasons against it.
func (r *request) previewOffer(d newOfferData, made control.MadeOffer, err error) (reply, error) {
	var refused *fleet.Conflicts
	var wrong *fleet.Error
	switch {
	case err == nil:
		d.Made, d.Named = &made, made.SIMs[:min(len(made.SIMs), maxOfferNamed)] // with the problem of an offer that was not made
		return r.page("offerpreview", "offers", plural("offer.preview.title", len(made.SIMs), made.Offer.Target.Name), d)
	case errors.As(err, &refused):
		d.Reasons, _ = reasonsOf(refused)
		return r.showNewOffer(d)
	case fleet.CodeOf(err) == fleet.NotFound && errors.As(err, &wrong): // the code, or SIMs
		d.Problems = []string{wrong.Message}
		if wrong.Field == "receiving_code" {
			d.Problems = []string{text("offer.code.wrong")}
		}
		return r.showNewOffer(d)
	}
	if d.Problems = problemsOf(err); len(d.Problems) > 0 {
		return r.showNewOffer(d)
	}
	return reply{}, err
}

// offerOf returns the offer that the form describes, or adds problems to it.
func (r *request) offerOf(d *newOfferData) (n control.NewOffer, err error) {
	n = control.NewOffer{Code: d.Code, Hash: control.HashReceivingCode(d.Code), DetachDevices: d.Detach, Note: fleet.Note{Reference: d.Reference, Reason: d.Reason}}
	if d.Code == "" {
		d.Problems = append(d.Problems, text("offer.code.none"))
	}
	var wrong string
	if n.Expires, wrong = endOfDay(d.Expires); wrong != "" {
		d.Problems = append(d.Problems, wrong)
	}
	if err := n.Note.Check(); err != nil {
		d.Problems = append(d.Problems, sentence(err.Error()))
	}
	var c chosen
	var problem string
	if d.Source.From == "selection" {
		c, problem, err = r.chosenList()
	} else {
		c, problem = r.chosenPaste()
	}
	if err != nil {
		return n, err
	}
	if n.Select = c.sel; problem == "" {
		problem = unpackICCIDs(&n.Select, c.source)
	}
	if problem != "" {
		d.Problems = append(d.Problems, problem)
	}
	return n, nil
}

// unpackICCIDs writes the numbers of a pasted list as an offer needs them. It returns a problem
// with the list, "" for none.
func unpackICCIDs(sel *fleet.JobSelection, source fleet.DraftSource) string {
	switch {
	case source.Faulty > 0 && len(source.Faults) > 0:
		return text("offer.line.wrong", source.Faults[0].Line, source.Faults[0].Message)
	case source.SIMs > fleet.MaxOfferSIMs:
		return text("offer.toomany", number(source.SIMs), number(fleet.MaxOfferSIMs))
	case sel.Packed == nil:
		return ""
	}
	for i := range sel.Packed.Len() {
		id, _ := sel.Packed.At(i)
		sel.ICCIDs = append(sel.ICCIDs, id)
	}
	sel.Packed = nil
	return ""
}

// againOffer returns the page to open after the sign-in if the form was sent without a session: the
// form with the selection.
func againOffer(r *request) string {
	list, err := url.ParseQuery(r.PostForm.Get("list"))
	if err != nil {
		return "/offers/new"
	}
	return withQuery("/offers/new", list)
}

// Model returns the description of the model of a SIM.
func (d newOfferData) Model(s fleet.OfferSIM) string { return d.Made.Models[s.Model].Description }

// ShowList reports whether the list that is pasted is in the form.
func (d newOfferData) ShowList() bool { return d.Source.From == "paste" }
