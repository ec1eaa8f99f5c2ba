package console

import (
	"net/http"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

// TerminalPath is the page on which a person approves the sign-in of a terminal.
const TerminalPath = "/terminal"

var terminalRoutes = []route{
	{pattern: "GET " + TerminalPath, need: identity.WriteOwn, handle: terminalPage},
	{pattern: "POST " + TerminalPath, need: identity.WriteOwn, handle: findTerminal},
	{pattern: "POST " + TerminalPath + "/decide", need: identity.WriteOwn, handle: decideTerminal},
}

// terminalData is the template data of the page for terminals.
type terminalData struct {
	Code    string
	Problem string
	Found   *control.TerminalSignIn // that waits with the code; nil before a code was typed
	Client  string                  // the name of its program, "" if unknown
	Over    string                  // approved or refused, "" before the decision
}

func terminalPage(r *request) (reply, error) {
	d := terminalData{}
	if over := r.URL.Query().Get("over"); over == "approved" || over == "refused" {
		d.Over = over
	}
	return r.page("terminal", "", text("terminal.title"), d)
}

// findTerminal shows the terminal that waits with a code.
func findTerminal(r *request) (reply, error) {
	d := terminalData{Code: r.PostForm.Get("code")}
	found, err := r.control().Terminal(r.Context(), r.caller, d.Code)
	if err != nil {
		return r.terminalProblem(d, err)
	}
	d.Found, d.Code, d.Client = &found, found.UserCode, clientName(found.Agent)
	return r.page("terminal", "", text("terminal.title"), d)
}

func decideTerminal(r *request) (reply, error) {
	approve := r.PostForm.Get("do") == "approve"
	err := r.control().DecideTerminal(r.Context(), r.caller, r.PostForm.Get("code"), approve)
	if err != nil {
		return r.terminalProblem(terminalData{}, err)
	}
	over := "refused"
	if approve {
		over = "approved"
	}
	return seeOther(TerminalPath + "?over=" + over), nil
}

// terminalProblem shows the page again with a problem that a person can solve.
func (r *request) terminalProblem(d terminalData, err error) (reply, error) {
	var status int
	switch fleet.CodeOf(err) {
	case fleet.NotFound:
		status, d.Problem = http.StatusUnprocessableEntity, text("terminal.unknown")
	case fleet.TooManyRequests:
		status, d.Problem = http.StatusTooManyRequests, text("terminal.toomany")
	default:
		return reply{}, err
	}
	res, err := r.page("terminal", "", text("terminal.title"), d)
	res.status = status
	return res, err
}
