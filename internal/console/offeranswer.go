package console

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var offerAnswerRoutes = []route{
	{pattern: "GET /offers/{id}/answer", need: identity.ManageOffers, handle: answerPage},
	{pattern: "POST /offers/{id}/answer", need: identity.ManageOffers, handle: sendAnswer, again: againAnswer},
}

// answerData is what the preview of an answer shows.
type answerData struct {
	Offer                         offerRow
	Query                         answerQuery
	Accept, Refuse, Gone, Offline int
	ByJob                         bool
	Rows                          []planRow
	Reasons                       []answerReason // why accepted SIMs cannot come in
	Blocked                       int            // SIMs that cannot come in
	Leave                         answerStep     // to a preview that refuses them, if it has a form
	Back                          answerStep     // to the answer
	Keep                          answerStep     // to a preview that keeps SIMs online, or not
	Problem                       string
	Tag                           string // Acceptance.Tag of what the page shows
}

// answerStep leads to a page of an answer: by a link, or by a form if the answer is too long for an
// address.
type answerStep struct {
	Path     string // of the link, "" for a form
	Form, Do string // the address of the form, and its button
	Fields   [][2]string
}

// step returns a step to the SIMs of an offer if do is page, and to the preview if it is preview.
func (q answerQuery) step(id fleet.OfferID, do string) answerStep {
	s := answerStep{Form: offerAddress(id), Do: do, Fields: q.fields()}
	if q.Reason != "" {
		s.Fields = append(s.Fields, [2]string{"reason", q.Reason})
	}
	if !q.Long() {
		s.Path = q.address(map[string]string{"page": s.Form, "preview": s.Form + "/answer"}[do])
	}
	return s
}

// answerReason is why SIMs of an offer cannot move, with some of them.
type answerReason struct {
	Code                  fleet.ConflictCode
	Title, Citation, Cure string
	Count                 int
	SIMs                  []fleet.SIMState
}

// maxNamed is how many SIMs a reason names.
const maxNamed = 20

// dryRun keeps the result of a rule that changes nothing.
type dryRun[T any] struct {
	result  T
	refusal error
}

// OK keeps a result.
func (d *dryRun[T]) OK(result T) control.Reply {
	d.result = result
	return control.Reply{Status: http.StatusOK}
}

// Refused keeps a refusal.
func (d *dryRun[T]) Refused(err error) control.Reply {
	d.refusal = err
	return control.Reply{Status: http.StatusConflict}
}

// preview runs a rule as a dry run.
func preview[T any](rule func(control.Write[T]) (control.Reply, error)) (result T, err error) {
	d := &dryRun[T]{}
	if _, err := rule(control.Write[T]{Encoder: d}); err != nil {
		return result, err
	}
	return d.result, d.refusal
}

func answerPage(r *request) (reply, error) {
	id, err := r.offerID()
	if err != nil {
		return reply{}, err
	}
	return r.previewAnswer(id, parseAnswer(r.URL.Query()), "")
}

// previewAnswer shows what an answer would do.
func (r *request) previewAnswer(id fleet.OfferID, q answerQuery, problem string) (reply, error) {
	if q.No.Lost {
		return reply{}, fleet.Errorf(fleet.BadRequest, "%s", text("error.selection"))
	}
	o, err := r.control().Offer(r.Context(), r.caller, id)
	if err != nil {
		return reply{}, err
	}
	d := answerData{Offer: r.offerRow(o), Query: q, Back: q.step(id, "page"), Problem: problem}
	if !d.Offer.Incoming || !d.Offer.Pending() {
		return r.showOffer(id, offerData{Problem: problem, Answer: answerQuery{Page: 1}})
	}
	other := q
	other.Activate = !q.Activate
	d.Keep = other.step(id, "preview")
	if d.Refuse = q.No.count(o.SIMs); d.Refuse == o.SIMs {
		return r.page("offeranswer", "offers", plural("answer.title.none", o.SIMs, o.Source.Name), d)
	}
	answer, err := r.answerOf(id, q)
	if err != nil {
		return reply{}, err
	}
	answer.DryRun = true
	done, err := preview(func(w control.Write[control.AnsweredOffer]) (control.Reply, error) {
		return r.control().AcceptOffer(r.Context(), r.caller, answer, w)
	})
	var refused *fleet.Conflicts
	switch {
	case errors.As(err, &refused):
		d.blocked(refused)
		return r.page("offeranswer", "offers", text("answer.title.blocked", number(d.Blocked), number(o.SIMs)), d)
	case err != nil:
		return reply{}, err
	}
	d.planned(done)
	return r.page("offeranswer", "offers", text("answer.title", number(d.Accept), number(d.Refuse)), d)
}

// planned fills in what the answer does.
func (d *answerData) planned(done control.AnsweredOffer) {
	d.Refuse, d.Gone, d.Tag = len(done.Refused), len(done.Gone), done.Tag()
	if done.Plan == nil {
		return
	}
	d.Accept, d.ByJob = len(done.Plan.SIMs), len(done.Plan.SIMs) > fleet.MaxSIMs
	counts := make(map[planRow]int)
	for _, s := range done.Plan.SIMs {
		row := planRow{Before: s.Status, After: done.Plan.After(s).Status, Effect: "same"}
		switch {
		case s.Status == fleet.SIMActivated && row.After != fleet.SIMActivated:
			row.Effect = "offline"
			d.Offline++
		case s.Status == fleet.SIMActivated:
			row.Effect = "stays"
		case s.Status == fleet.SIMSuspended:
			row.Effect = "suspended"
		}
		counts[row]++
	}
	for row, n := range counts {
		row.SIMs = n
		d.Rows = append(d.Rows, row)
	}
	slices.SortFunc(d.Rows, func(a, b planRow) int { return cmp.Or(cmp.Compare(b.SIMs, a.SIMs), cmp.Compare(a.Before, b.Before)) })
}

// blocked fills in why SIMs cannot come in.
func (d *answerData) blocked(c *fleet.Conflicts) {
	var ids []int64
	d.Reasons, ids = reasonsOf(c)
	d.Blocked = len(ids)
	leave := d.Query
	leave.No = leave.No.with(ids)
	if len(ids) > 0 && len(ids) < d.Offer.SIMs-d.Refuse && !leave.No.Lost {
		d.Leave = leave.step(d.Offer.ID, "preview")
	}
}

// reasonsOf returns the reasons of a refusal, and the ids of all its SIMs.
func reasonsOf(c *fleet.Conflicts) (reasons []answerReason, ids []int64) {
	for _, g := range c.Groups {
		reason := answerReason{Code: g.Code, Title: g.Message, Count: len(g.SIMs), SIMs: g.SIMs[:min(len(g.SIMs), maxNamed)]}
		if name := "offer.reason." + strconv.Itoa(int(g.Code)); texts[name] != "" {
			reason.Title = text(name)
		}
		if g.Rule != nil {
			reason.Title, reason.Citation, reason.Cure = g.Rule.Message, g.Rule.Citation, g.Rule.Cure
		}
		reasons = append(reasons, reason)
		for _, s := range g.SIMs {
			ids = append(ids, int64(s.ID))
		}
	}
	slices.Sort(ids)
	return reasons, slices.Compact(ids)
}

// answerOf returns the request of an answer that accepts at least one SIM. Each refused SIM gets
// the reason, so an answer that refuses all but some needs the ids of the others.
func (r *request) answerOf(id fleet.OfferID, q answerQuery) (a control.OfferAnswer, err error) {
	a.Offer, a.Activate = id, q.Activate
	ids := q.No.IDs
	if q.No.All {
		if ids, err = r.otherSIMs(id, q.No); err != nil {
			return a, err
		}
	}
	for _, sim := range ids {
		a.Refuse = append(a.Refuse, fleet.OfferRefusal{SIM: fleet.SIMID(sim), Reason: q.Reason})
	}
	return a, nil
}

// otherSIMs reads the ids of the SIMs of an offer that a selection has.
func (r *request) otherSIMs(id fleet.OfferID, picked selection) (ids []int64, err error) {
	for page := 1; ; page++ {
		l, err := fleet.ParseList(fleet.OfferSIMList, "", "id", strconv.Itoa(page), strconv.Itoa(fleet.OfferSIMList.MaxPerPage))
		if err != nil {
			return nil, err
		}
		found, err := r.control().ListOfferSIMs(r.Context(), r.caller, id, l)
		if err != nil {
			return nil, err
		}
		for _, s := range found.Items {
			if picked.HasSIM(s.SIM) {
				ids = append(ids, int64(s.SIM))
			}
		}
		if len(found.Items) == 0 || page*found.PerPage >= found.Total {
			return ids, nil
		}
	}
}

// sendAnswer answers an offer: with a refusal if the answer accepts no SIM.
func sendAnswer(r *request) (reply, error) {
	id, err := r.offerID()
	if err != nil {
		return reply{}, err
	}
	q := parseAnswer(r.PostForm)
	if q.No.Lost {
		return reply{}, fleet.Errorf(fleet.BadRequest, "%s", text("error.selection"))
	}
	res, err := r.answer(id, q)
	switch fleet.CodeOf(err) {
	case fleet.Failed, fleet.PreconditionStale: // SIMs have changed since the preview
		return unprocessable(r.previewAnswer(id, q, text("answer.changed")))
	}
	if problems := problemsOf(err); len(problems) > 0 {
		return unprocessable(r.previewAnswer(id, q, problems[0]))
	}
	return res, err
}

func (r *request) answer(id fleet.OfferID, q answerQuery) (reply, error) {
	operation, here := "console "+r.route.pattern, offerAddress(id)
	if q.No.All && len(q.No.IDs) == 0 {
		return write(r, operation, func(w control.Write[control.Offer]) (control.Reply, error) {
			return r.control().RefuseOffer(r.Context(), r.caller, control.OfferRefused{Offer: id, Reason: q.Reason}, w)
		}, func(control.Offer) string { return done(here, "offer.refused") })
	}
	answer, err := r.answerOf(id, q)
	if err != nil {
		return reply{}, err
	}
	answer.Tag = r.PostForm.Get("plan")
	return write(r, operation, func(w control.Write[control.AnsweredOffer]) (control.Reply, error) {
		return r.control().AcceptOffer(r.Context(), r.caller, answer, w)
	}, func(control.AnsweredOffer) string { return done(here, "offer.answered") })
}

// againAnswer returns the page to open after the sign-in if an answer was sent without a session:
// its preview, or the offer if the answer is too long for an address.
func againAnswer(r *request) string {
	q := parseAnswer(r.PostForm)
	if q.Long() {
		return strings.TrimSuffix(r.URL.Path, "/answer")
	}
	return q.address(r.URL.Path)
}

// Hidden returns the fields of the form that repeat the answer. The reason has a field of its own.
func (d answerData) Hidden() [][2]string {
	fields := d.Query.fields()
	if d.Tag != "" {
		fields = append(fields, [2]string{"plan", d.Tag})
	}
	return fields
}

// fields returns the hidden fields of an answer.
func (q answerQuery) fields() (fields [][2]string) {
	if q.No.All {
		fields = append(fields, [2]string{"all", "1"})
	}
	if list := q.No.List(); list != "" {
		fields = append(fields, [2]string{"sel", list})
	}
	if q.Activate {
		fields = append(fields, [2]string{"landing", "activate"})
	}
	return fields
}
