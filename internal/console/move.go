package console

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
	"github.com/simferry/simferry/internal/tablefile"
)

// maxUpload is the most bytes of a form with a list of SIMs: a file of 256 MiB, as the API takes,
// and the other fields.
const maxUpload = 256<<20 + maxForm

var moveRoutes = []route{
	{pattern: "GET /move", need: identity.MigrateSIMs, handle: movePage},
	{pattern: "POST /move", need: identity.MigrateSIMs, handle: chooseSIMs, body: maxUpload, again: againMove},
	{pattern: "GET /move/{id}", need: identity.MigrateSIMs, handle: optionsPage},
	{pattern: "POST /move/{id}", need: identity.MigrateSIMs, handle: sendOptions, again: againOptions},
	{pattern: "GET /move/{id}/faults.csv", need: identity.MigrateSIMs, handle: exportFaults},
	{choices: verdictChoices, pattern: "GET /move/{id}/preview", need: identity.MigrateSIMs, handle: previewPage},
	{pattern: "POST /move/{id}/cure", need: identity.MigrateSIMs, handle: cureMove},
}

// moveData is the template data of the first step.
type moveData struct {
	From    string // the source that is chosen: selection, file or paste
	List    string // the address of the list with the selection, "" for none
	Picked  int    // SIMs of the selection
	Pasted  string
	Problem string
	Draft   fleet.MoveDraft // with faults, if there are some
}

// movePage shows the first step. A selection of the list of SIMs comes in the address.
func movePage(r *request) (reply, error) {
	v := r.URL.Query()
	s := parseSIMs(v)
	if err := s.exact(); err != nil {
		return reply{}, err
	}
	if v.Has("rows") { // the form around a list
		return seeOther("/move" + strings.TrimPrefix(s.address(), "/sims")), nil
	}
	d := moveData{From: "file", Pasted: v.Get("iccids")}
	if err := r.pickedFor(&d, s); err != nil {
		return reply{}, err
	}
	if d.Pasted != "" {
		d.From = "paste"
	}
	return r.page("move", "move", text("move.title"), d)
}

// pickedFor counts a selection for the first step.
func (r *request) pickedFor(d *moveData, s simsQuery) error {
	if !s.Picked.All && len(s.Picked.IDs) == 0 {
		return nil
	}
	d.From, d.List, d.Picked = "selection", s.address(), len(s.Picked.IDs)
	if s.Picked.All {
		found, err := r.findSIMs(s.first())
		if err != nil {
			return err
		}
		d.Picked = s.Picked.count(found.Total)
	}
	return nil
}

// chosen holds the values of the first step's form.
type chosen struct {
	source fleet.DraftSource
	sel    fleet.JobSelection
	digest string // of a file
}

// chooseSIMs keeps the selection of the first step, and leads to the second one.
func chooseSIMs(r *request) (reply, error) {
	c, problem, err := r.chosenSIMs()
	if err != nil {
		return reply{}, err
	}
	if problem != "" {
		return r.moveAgain(problem)
	}
	r.PostForm.Set(onceField, onceOf(r.PostForm, c.digest))
	return write(r, "console POST /move", func(w control.Write[fleet.MoveDraft]) (control.Reply, error) {
		return r.control().SaveMoveDraft(r.Context(), r.caller, fleet.MoveDraft{Source: c.source}, c.sel, w)
	}, func(d fleet.MoveDraft) string { return draftAddress(d.ID) })
}

// moveAgain shows the first step again, with what was entered and a problem.
func (r *request) moveAgain(problem string) (reply, error) {
	d := moveData{Pasted: r.PostForm.Get("iccids"), Problem: problem}
	v, err := url.ParseQuery(r.PostForm.Get("list"))
	if err == nil {
		err = r.pickedFor(&d, parseSIMs(v))
	}
	if err != nil {
		return reply{}, err
	}
	d.From = r.PostForm.Get("from")
	res, err := r.page("move", "move", text("move.title"), d)
	res.status = http.StatusUnprocessableEntity
	return res, err
}

// onceOf returns a key for a form of the wizard. A form that comes again, for example with the back
// button, has the same key only if it is the same in all fields.
func onceOf(form url.Values, more ...string) string {
	fields, err := json.Marshal([]any{form, more})
	if err != nil {
		panic(err) // texts only
	}
	sum := sha256.Sum256(fields)
	return hex.EncodeToString(sum[:])
}

func draftAddress(id fleet.DraftID) string { return "/move/" + strconv.FormatInt(int64(id), 10) }

func (r *request) draft() (fleet.MoveDraft, error) {
	id, err := r.id("id")
	if err != nil {
		return fleet.MoveDraft{}, err
	}
	return r.control().MoveDraft(r.Context(), r.caller, fleet.DraftID(id))
}

// faultsPage shows the lines of a list that were not taken.
func (r *request) faultsPage(d fleet.MoveDraft) (reply, error) {
	return r.page("move", "move", text("move.title"), moveData{From: d.Source.Kind, Draft: d})
}

// exportFaults sends the lines that were not taken as a CSV file.
func exportFaults(r *request) (reply, error) {
	d, err := r.draft()
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, kind: "text/csv; charset=utf-8", name: "lines-with-errors.csv", stream: func(w io.Writer) error {
		out, err := tablefile.NewWriter(w, "line", "error")
		if err != nil {
			return err
		}
		for _, f := range d.Source.Faults {
			if err := out.Write(strconv.Itoa(f.Line), f.Message); err != nil {
				return err
			}
		}
		return out.Close()
	}}, nil
}

// againMove and againOptions return the page to open after the sign-in if a form of the wizard was
// sent without a session: the page of the form, with the values that fit into its address.
func againMove(r *request) string {
	if list, err := url.ParseQuery(r.PostForm.Get("list")); err == nil && len(list) > 0 && r.PostForm.Get("from") == "selection" {
		return withQuery("/move", list)
	}
	if pasted := r.PostForm.Get("iccids"); pasted != "" && r.PostForm.Get("from") == "paste" {
		return withQuery("/move", url.Values{"iccids": {pasted}})
	}
	return "/move"
}

func againOptions(r *request) string {
	r.PostForm.Del(onceField)
	return withQuery(r.URL.Path, r.PostForm)
}

// ListQuery returns the query string of the list that shows the selection.
func (d moveData) ListQuery() string { return strings.TrimPrefix(d.List, "/sims?") }
