package console

import (
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var requestsRoutes = []route{
	{pattern: "GET /requests", need: identity.ReadMigrations, handle: requestsPage},
	{pattern: "POST /requests", need: identity.ManageOffers, handle: makeRequest},
	{pattern: "GET /requests/{id}", need: identity.ReadMigrations, handle: requestPage},
	{pattern: "POST /requests/{id}/withdraw", need: identity.ManageOffers, handle: withdrawRequest},
}

// requestsData is what the list of requests for SIMs, and the form of a new one, show.
type requestsData struct {
	Rows                               []requestRow
	At                                 pager
	Pasted, Reason, Reference, Expires string
	Problems                           []string
}

// requestRow is a request for SIMs as pages show it.
type requestRow struct{ fleet.SIMRequest }

// What says for how many SIMs the request is.
func (q requestRow) What() string { return plural("request.what", q.ICCIDs) }

// Path returns the address of the page of the request.
func (q requestRow) Path() string { return requestAddress(q.ID) }

// Words returns the state of the request.
func (q requestRow) Words() string { return text("request.state." + string(q.State)) }

// Class returns the class of the tag of the state.
func (q requestRow) Class() string {
	return map[fleet.SIMRequestState]string{fleet.RequestOpen: "run", fleet.RequestAnswered: "ok"}[q.State]
}

func requestAddress(id fleet.SIMRequestID) string {
	return "/requests/" + strconv.FormatInt(int64(id), 10)
}

func requestsPage(r *request) (reply, error) { return r.requests(requestsData{}) }

// requests shows the page, with what a form adds to it.
func (r *request) requests(d requestsData) (reply, error) {
	l, err := fleet.ParseList(fleet.SIMRequestList, "", "-id", strconv.Itoa(pageOf(r.URL.Query())), strconv.Itoa(inquiriesPer))
	if err != nil {
		return reply{}, err
	}
	found, err := r.control().ListSIMRequests(r.Context(), r.caller, l)
	if err != nil {
		return reply{}, err
	}
	d.At = numberedPager(found.Page, found.PerPage, len(found.Items), found.Total, func(n int) string {
		return "/requests?" + query("page", strconv.Itoa(n))
	})
	for _, q := range found.Items {
		d.Rows = append(d.Rows, requestRow{q})
	}
	res, err := r.page("requests", "offers", text("requests.title"), d)
	if len(d.Problems) > 0 {
		return unprocessable(res, err)
	}
	return res, err
}

// makeRequest asks for the SIMs of a pasted list.
func makeRequest(r *request) (reply, error) {
	form := r.PostForm
	d := requestsData{
		Pasted: form.Get("iccids"), Reason: strings.TrimSpace(form.Get("reason")), Reference: strings.TrimSpace(form.Get("reference")), Expires: form.Get("expires"),
	}
	n := control.NewSIMRequest{Note: fleet.Note{Reference: d.Reference, Reason: d.Reason}}
	c, problem := chosen{}, text("move.paste.none")
	if strings.TrimSpace(d.Pasted) != "" {
		c, problem = chosenLines("paste", "", strings.NewReader(d.Pasted), int64(len(d.Pasted)), nil, nil)
	}
	sel := c.sel
	if problem == "" {
		problem = unpackICCIDs(&sel, c.source)
	}
	if n.ICCIDs = sel.ICCIDs; problem == "" && len(n.ICCIDs) > fleet.MaxRequestICCIDs {
		problem = text("request.toomany", number(len(n.ICCIDs)), number(fleet.MaxRequestICCIDs))
	}
	if problem != "" {
		d.Problems = append(d.Problems, problem)
	}
	var wrong string
	if n.Expires, wrong = endOfDay(d.Expires); wrong != "" {
		d.Problems = append(d.Problems, wrong)
	}
	if len(d.Problems) > 0 {
		return r.requests(d)
	}
	res, err := write(r, "console "+r.route.pattern, func(w control.Write[control.SIMRequest]) (control.Reply, error) {
		return r.control().RequestSIMs(r.Context(), r.caller, n, w)
	}, func(made control.SIMRequest) string { return done(requestAddress(made.ID), "request.made") })
	if d.Problems = problemsOf(err); len(d.Problems) > 0 {
		return r.requests(d)
	}
	return res, err
}

// requestData is what the page of a request shows.
type requestData struct {
	Request     requestRow
	ICCIDs      []fleet.RequestedICCID
	MayWithdraw bool
	Problem     string
}

func requestPage(r *request) (reply, error) {
	id, err := r.requestID()
	if err != nil {
		return reply{}, err
	}
	return r.showRequest(id, "")
}

// showRequest shows the page of a request, with a problem of a form.
func (r *request) showRequest(id fleet.SIMRequestID, problem string) (reply, error) {
	q, err := r.control().SIMRequest(r.Context(), r.caller, id)
	if err != nil {
		return reply{}, err
	}
	d := requestData{
		Request: requestRow{q.SIMRequest}, ICCIDs: q.ICCIDs, Problem: problem,
		MayWithdraw: q.Answerable(r.control().Now()) && r.caller.May(identity.ManageOffers),
	}
	res, err := r.page("request", "offers", d.Request.What(), d)
	if problem != "" {
		return unprocessable(res, err)
	}
	return res, err
}

// withdrawRequest ends a request.
func withdrawRequest(r *request) (reply, error) {
	id, err := r.requestID()
	if err != nil {
		return reply{}, err
	}
	res, err := write(r, "console "+r.route.pattern, func(w control.Write[control.SIMRequest]) (control.Reply, error) {
		return r.control().WithdrawSIMRequest(r.Context(), r.caller, id, w)
	}, func(control.SIMRequest) string { return done(requestAddress(id), "request.withdrawn") })
	if problems := problemsOf(err); len(problems) > 0 { // it has ended meanwhile
		return r.showRequest(id, problems[0])
	}
	return res, err
}
