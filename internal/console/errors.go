package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httplog"
)

// failure is what an error page shows.
type failure struct {
	Status  int
	Key     string // of its texts: error.KEY.title and error.KEY.cure
	Message string // of the rule; "" shows the cure of the key
	Back    string // the page that the form was on, "" for none
}

// keys are the kinds of error pages. A code that is not here is a mistake in the input.
var keys = map[fleet.Code]failure{
	fleet.NotFound:         {Status: http.StatusNotFound, Key: "missing"},
	fleet.InvalidReference: {Status: http.StatusNotFound, Key: "missing"},
	fleet.Forbidden:        {Status: http.StatusForbidden, Key: "forbidden"},
	fleet.TooManyRequests:  {Status: http.StatusTooManyRequests, Key: "busy"},
	fleet.LockedOut:        {Status: http.StatusTooManyRequests, Key: "busy"},
	fleet.TooLarge:         {Status: http.StatusRequestEntityTooLarge, Key: "large"},
	fleet.KeyBusy:          {Status: http.StatusConflict, Key: "running"},
	fleet.Unavailable:      {Status: http.StatusServiceUnavailable, Key: "away"},
}

// withMessage are the kinds whose page shows the message of the rule.
var withMessage = map[string]bool{"forbidden": true, "input": true}

// failed returns the page for an error. Errors that are not for the caller become a 500 with a
// fixed text; the log has the details under the request number.
func (r *request) failed(err error) reply {
	httplog.Of(r.Context()).Err = err
	code := fleet.CodeOf(err)
	if code == fleet.InvalidToken || code == fleet.TokenExpired {
		return r.signInFirst()
	}
	var e *fleet.Error
	var stale *control.Stale
	var refused *fleet.Conflicts
	f := failure{Status: http.StatusInternalServerError, Key: "internal"}
	switch {
	case errors.As(err, &stale), errors.As(err, &refused):
		f = failure{Status: http.StatusConflict, Key: "input", Message: err.Error()}
	case errors.As(err, &e):
		var known bool
		if f, known = keys[e.Code]; !known {
			f = failure{Status: http.StatusUnprocessableEntity, Key: "input"}
		}
		if withMessage[f.Key] {
			f.Message = e.Message
		}
		if e.RetryAfter > 0 {
			r.writer.Header().Set("Retry-After", strconv.Itoa(max(1, int(e.RetryAfter.Seconds()))))
		}
	case errors.Is(err, context.DeadlineExceeded):
		f = keys[fleet.Unavailable]
	}
	if r.Method == http.MethodPost {
		f.Back = r.referer()
	}
	return r.errorPage(f)
}

func (r *request) errorPage(f failure) reply {
	frame := "layout"
	if r.caller.User == 0 || r.caller.Enrolling {
		frame = "public"
	}
	title := text("error." + f.Key + ".title")
	res, err := r.render(f.Status, frame, "error", page{Title: title, Data: f})
	if err != nil && frame == "layout" { // the database is away: the frame cannot list the Workspaces
		res, err = r.render(f.Status, "public", "error", page{Title: title, Data: f})
	}
	if err != nil {
		return reply{status: f.Status, body: []byte(title), kind: "text/plain; charset=utf-8"}
	}
	return res
}

// signInFirst leads to the sign-in page, and from there back to the page or to the page of the
// form.
func (r *request) signInFirst() reply {
	next := r.URL.RequestURI()
	if r.Method == http.MethodPost {
		next = r.referer()
		if r.route.again != nil && r.readForm() == nil {
			next = r.route.again(r)
		}
	}
	if next = local(next, ""); next == "" || next == "/" {
		return seeOther("/sign-in")
	}
	return seeOther("/sign-in?next=" + url.QueryEscape(next))
}

// referer returns the path of the page that sent a form, without the path of the public URL.
func (r *request) referer() string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host {
		return ""
	}
	at := u.RequestURI()
	if base := r.console.base; base != "" && len(at) > len(base) && at[:len(base)] == base {
		at = at[len(base):]
	}
	return local(at, "")
}

// notFound serves every path without a route.
func notFound(*request) (reply, error) { return reply{}, fleet.Missing("page", "") }

// crossOrigin refuses a form that another site has sent.
func crossOrigin(r *request) (reply, error) {
	return r.errorPage(failure{Status: http.StatusForbidden, Key: "elsewhere"}), nil
}
