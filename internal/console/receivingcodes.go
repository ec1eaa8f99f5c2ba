package console

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var receivingCodeRoutes = []route{
	{pattern: "GET /offers/codes", need: identity.ManageOffers, handle: codesPage},
	{pattern: "POST /offers/codes", need: identity.ManageOffers, handle: makeCode},
	{pattern: "POST /offers/codes/{code}/revoke", need: identity.ManageOffers, handle: revokeCode},
}

// codesPer is how many codes a page shows.
const codesPer = 25

// codesData is what the page of receiving codes shows.
type codesData struct {
	Codes    []control.ReceivingCode
	At       pager
	Form     codeForm
	Shown    string // a new code, which is shown once
	ShownFor fleet.ReceivingCode
}

// codeForm is the form of a new code.
type codeForm struct {
	Problems                      []string
	Description, MaxSIMs, Expires string
	Many                          bool // the code can be used several times
}

// codeClasses are the classes of the tags of statuses.
var codeClasses = map[fleet.CodeStatus]string{fleet.CodeValid: "ok", fleet.CodeExpired: "warn", fleet.CodeRevoked: "bad"}

// Class returns the class of the tag of a status.
func (codesData) Class(s fleet.CodeStatus) string { return codeClasses[s] }

func codesPage(r *request) (reply, error) { return r.codes(codesData{}) }

// codes shows the page, with what a form adds to it.
func (r *request) codes(d codesData) (reply, error) {
	l, err := fleet.ParseList(fleet.ReceivingCodeList, "", "-id", strconv.Itoa(pageOf(r.URL.Query())), strconv.Itoa(codesPer))
	if err != nil {
		return reply{}, err
	}
	found, err := r.control().ListReceivingCodes(r.Context(), r.caller, l)
	if err != nil {
		return reply{}, err
	}
	d.Codes = found.Items
	d.At = numberedPager(found.Page, found.PerPage, len(found.Items), found.Total, func(n int) string {
		return "/offers/codes?" + query("page", strconv.Itoa(n))
	})
	res, err := r.page("codes", "offers", text("codes.title"), d)
	if len(d.Form.Problems) > 0 {
		res.status = http.StatusUnprocessableEntity
	}
	return res, err
}

// makeCode makes a receiving code and shows its text, once.
func makeCode(r *request) (reply, error) {
	form := r.PostForm
	d := codesData{Form: codeForm{
		Description: strings.TrimSpace(form.Get("description")), MaxSIMs: strings.TrimSpace(form.Get("most")), Expires: form.Get("expires"), Many: form.Get("uses") == "many",
	}}
	n := control.NewReceivingCode{Description: d.Form.Description, SingleUse: !d.Form.Many}
	if d.Form.MaxSIMs != "" {
		var err error
		if n.MaxSIMs, err = strconv.Atoi(strings.ReplaceAll(d.Form.MaxSIMs, ",", "")); err != nil || n.MaxSIMs < 1 {
			d.Form.Problems = append(d.Form.Problems, text("codes.most.wrong"))
		}
	}
	var wrong string
	if n.Expires, wrong = endOfDay(d.Form.Expires); wrong != "" {
		d.Form.Problems = append(d.Form.Problems, wrong)
	}
	if len(d.Form.Problems) > 0 {
		return r.codes(d)
	}
	var made control.ReceivingCode
	_, err := write(r, "console "+r.route.pattern, func(w control.Write[control.ReceivingCode]) (control.Reply, error) {
		return r.control().MakeReceivingCode(r.Context(), r.caller, n, w)
	}, func(c control.ReceivingCode) string {
		made = c
		return "/offers/codes"
	})
	if d.Form.Problems = problemsOf(err); len(d.Form.Problems) > 0 {
		return r.codes(d)
	}
	if err != nil {
		return reply{}, err
	}
	return r.codes(codesData{Shown: made.Text, ShownFor: made.ReceivingCode})
}

// endOfDay reads the last day of something, "" for none. wrong is the problem with it.
func endOfDay(value string) (at time.Time, wrong string) {
	if value == "" {
		return at, ""
	}
	day, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return at, text("token.expires.wrong")
	}
	return day.AddDate(0, 0, 1).Add(-time.Second), ""
}

// revokeCode ends a receiving code.
func revokeCode(r *request) (reply, error) {
	id, err := r.id("code")
	if err != nil {
		return reply{}, err
	}
	return write(r, "console "+r.route.pattern, func(w control.Write[control.None]) (control.Reply, error) {
		return r.control().RevokeReceivingCode(r.Context(), r.caller, fleet.CodeID(id), w)
	}, func(control.None) string { return done("/offers/codes", "code.revoked") })
}

// CodeName returns what a page calls a code.
func (codesData) CodeName(c fleet.ReceivingCode) string {
	return cmp.Or(c.Description, text("codes.number", c.ID))
}
