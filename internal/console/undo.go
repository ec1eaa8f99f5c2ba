package console

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var undoRoutes = []route{
	{pattern: "GET /ledger/{id}/undo", need: identity.MigrateSIMs, handle: undoPage},
	{pattern: "POST /ledger/{id}/undo", need: identity.MigrateSIMs, handle: undoEntry},
}

// undoQuery holds the query parameters of an undo, or the fields of its form. Without the field
// set, the choices have their default.
type undoQuery struct {
	SIMs                    []fleet.SIMID // nil for all of the entry
	Status, Devices, Detach bool
	Reference, Reason       string
}

func parseUndo(v url.Values) undoQuery {
	q := undoQuery{
		Status: !v.Has("set") || v.Get("status") == "1", Devices: !v.Has("set") || v.Get("devices") == "1", Detach: v.Get("detach") == "1",
		Reference: strings.TrimSpace(v.Get("reference")), Reason: strings.TrimSpace(v.Get("reason")),
	}
	for _, id := range slices.Concat(idsOf(v["sel"]), idsOf(v["sim"])) {
		q.SIMs = append(q.SIMs, fleet.SIMID(id))
	}
	slices.Sort(q.SIMs)
	q.SIMs = slices.Compact(q.SIMs)
	return q
}

func (q undoQuery) request(id fleet.MigrationID) fleet.UndoRequest {
	return fleet.UndoRequest{Migration: id, SIMs: q.SIMs, RestoreStatus: q.Status, RestoreDevices: q.Devices, DetachDevices: q.Detach,
		Note: fleet.Note{Reference: q.Reference, Reason: q.Reason}}
}

// address returns the path of the preview with these choices.
func (q undoQuery) address(id fleet.MigrationID) string {
	v := url.Values{"set": {"1"}}
	for name, on := range map[string]bool{"status": q.Status, "devices": q.Devices, "detach": q.Detach} {
		if on {
			v.Set(name, "1")
		}
	}
	for name, value := range map[string]string{"sel": q.Sel(), "reference": q.Reference, "reason": q.Reason} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return "/ledger/" + strconv.FormatInt(int64(id), 10) + "/undo?" + v.Encode()
}

// Sel names the SIMs in addresses and forms, "" for all.
func (q undoQuery) Sel() string {
	ids := make([]int64, len(q.SIMs))
	for i, id := range q.SIMs {
		ids[i] = int64(id)
	}
	return listOf(ids)
}

// undoData is the template data of the preview of an undo.
type undoData struct {
	Entry       fleet.Migration
	Query       undoQuery
	Problem     string // of the form that is shown again
	NeedsReason bool   // a Workspace requires one, and none is given
	Refused     string // why the caller cannot make this undo; then the page shows nothing else

	Plan         *fleet.UndoPlan // nil if there are reasons against it
	Tag          string          // of the plan
	To           string          // the names of the Workspaces that get SIMs back
	Groups       []undoGroup
	Count        int
	Online       int // SIMs that come back online
	Offline      int // SIMs that go offline
	Same         int // SIMs that keep their status
	Returned     int // SIMs that go back into devices
	Reasons      []reason
	Blocked      []blockedSIM
	BlockedCount int
	All          int // SIMs of the request
}

// undoGroup are SIMs with the same way back.
type undoGroup struct {
	Now, Then fleet.SIMStatus
	To        string
	Back      bool // into the device
	Count     int
}

// reason is a conflict with its cures.
type reason struct {
	Count              int
	Title, Text        string
	Code               int
	Cures              []cure
	UndoneBy           []fleet.MigrationID
	WholeWorkspaceOnly bool
}

// cure is a button that leads to another preview.
type cure struct {
	Text, Path string
	Go         bool // the button that most people want
}

// blockedSIM is a SIM that cannot go back as it is.
type blockedSIM struct {
	SIM  fleet.SIMState
	Whys []string
}

// maxBlocked is how many of them a page names.
const maxBlocked = 100

func undoPage(r *request) (reply, error) {
	return r.previewUndo(parseUndo(r.URL.Query()), "")
}

// previewUndo shows what an undo would do, or why it cannot be done.
func (r *request) previewUndo(q undoQuery, problem string) (reply, error) {
	m, err := r.entry()
	if err != nil {
		return reply{}, err
	}
	d := undoData{Entry: m, Query: q, Problem: problem}
	if d.All = len(q.SIMs); q.SIMs == nil {
		d.All = len(m.Lines)
	}
	req := q.request(m.ID)
	plan, err := r.control().PreviewUndo(r.Context(), r.caller, req)
	var refused *fleet.Conflicts
	if errors.As(err, &refused) && slices.ContainsFunc(refused.Groups, func(g fleet.Conflict) bool { return g.Code == fleet.ReasonRequired }) {
		d.NeedsReason, refused = true, nil
		req.Note.Reason = "preview" // the form that confirms the undo asks for the reason
		plan, err = r.control().PreviewUndo(r.Context(), r.caller, req)
	}
	title := text("undo.title.blocked")
	switch {
	case err == nil:
		d.planned(plan)
		title = plural("undo.title", d.Count, d.To)
	case errors.As(err, &refused):
		d.blocked(refused)
	case fleet.CodeOf(err) == fleet.NotFound, fleet.CodeOf(err) == fleet.BadRequest:
		d.Refused = r.whyNoUndo(m, err)
		title = text("undo.title.not")
	default:
		return reply{}, err
	}
	return r.page("undo", "ledger", title, d)
}

// whyNoUndo explains an undo that the rule refuses as a whole.
func (r *request) whyNoUndo(m fleet.Migration, refusal error) string {
	may, why := r.mayUndo(m)
	switch {
	case !may:
		return cmp.Or(why, text("error.forbidden.title"))
	case len(m.Lines) > fleet.MaxSIMs && fleet.CodeOf(refusal) == fleet.BadRequest:
		return text("undo.toomany", number(len(m.Lines)), fleet.MaxSIMs)
	}
	return text("undo.nosims")
}

// planned fills in what the undo would do.
func (d *undoData) planned(p *fleet.UndoPlan) {
	d.Plan, d.Tag, d.Count = p, p.ETag(), len(p.SIMs)
	homes := make(map[fleet.WorkspaceID]string)
	var names []string
	for _, move := range p.Moves {
		homes[move.Target.ID] = move.Target.Name
		names = append(names, move.Target.Name)
	}
	d.To = strings.Join(names, ", ")
	counts := make(map[undoGroup]int)
	for _, s := range p.SIMs {
		after := p.After(s)
		switch was, is := s.Status == fleet.SIMActivated, after.Status == fleet.SIMActivated; {
		case is && !was:
			d.Online++
		case was && !is:
			d.Offline++
		case after.Status == s.Status:
			d.Same++
		}
		if after.Device != 0 {
			d.Returned++
		}
		counts[undoGroup{Now: s.Status, Then: after.Status, To: homes[after.Workspace], Back: after.Device != 0}]++
	}
	for g, n := range counts {
		g.Count = n
		d.Groups = append(d.Groups, g)
	}
	slices.SortFunc(d.Groups, func(a, b undoGroup) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.To, b.To), cmp.Compare(a.Now, b.Now), cmp.Compare(a.Then, b.Then))
	})
}

// blocked fills in the reasons against the undo, each with its cures.
func (d *undoData) blocked(c *fleet.Conflicts) {
	whys := make(map[fleet.SIMID]*blockedSIM)
	var order []fleet.SIMID
	stuck := make(map[fleet.SIMID]bool)
	for _, g := range c.Groups {
		d.Reasons = append(d.Reasons, d.reason(c, g))
		for _, s := range g.SIMs {
			stuck[s.ID] = true
			if whys[s.ID] == nil {
				whys[s.ID] = &blockedSIM{SIM: s}
				order = append(order, s.ID)
			}
			whys[s.ID].Whys = append(whys[s.ID].Whys, blockedWords(c, g, s)...)
		}
	}
	d.BlockedCount = len(stuck)
	for _, id := range order[:min(len(order), maxBlocked)] {
		d.Blocked = append(d.Blocked, *whys[id])
	}
	if rest := d.rest(stuck); len(rest) > 0 {
		for i := range d.Reasons {
			leave := d.Query
			leave.SIMs = rest
			if d.Reasons[i].WholeWorkspaceOnly {
				continue
			}
			button := cure{Text: plural("undo.cure.leave", len(rest)), Path: leave.address(d.Entry.ID), Go: i == 0}
			d.Reasons[i].Cures = append(d.Reasons[i].Cures, button)
		}
	}
}

// rest returns the SIMs of the request that nothing keeps from going back.
func (d *undoData) rest(stuck map[fleet.SIMID]bool) (ids []fleet.SIMID) {
	for _, l := range d.Entry.Lines {
		asked := d.Query.SIMs == nil
		if !asked {
			_, asked = slices.BinarySearch(d.Query.SIMs, l.SIM)
		}
		if asked && !stuck[l.SIM] {
			ids = append(ids, l.SIM)
		}
	}
	slices.Sort(ids)
	return ids
}

// undoTexts are the conflicts that have texts of their own for an undo; the others say the same
// of a move.
var undoTexts = map[fleet.ConflictCode]string{
	fleet.SIMsAttached: "attached", fleet.NoAdminOnSource: "admin", fleet.BrazilianBorder: "brazil", fleet.AlreadyInTarget: "there",
	fleet.TargetSuspended: "suspended", fleet.SIMsChanged: "changed", fleet.DeviceUnavailable: "device", fleet.AlreadyUndone: "undone",
}

// reason describes a conflict.
func (d *undoData) reason(c *fleet.Conflicts, g fleet.Conflict) reason {
	key := cmp.Or(undoTexts[g.Code], "other")
	why := reason{
		Count: len(g.SIMs), Code: int(g.Code), Title: text("undo.why." + key), Text: text("undo.why." + key + ".text"),
		WholeWorkspaceOnly: len(g.SIMs) == 0,
	}
	add := func(name string, change func(*undoQuery)) {
		to := d.Query
		change(&to)
		why.Cures = append(why.Cures, cure{Text: text("undo.cure." + name), Path: to.address(d.Entry.ID)})
	}
	changed := make(map[fleet.Property]bool)
	for _, s := range g.SIMs {
		detail := c.Detail(s)
		for _, change := range detail.Changes {
			changed[change.Property] = true
		}
		if g.Code == fleet.AlreadyUndone && !slices.Contains(why.UndoneBy, detail.UndoneBy) {
			why.UndoneBy = append(why.UndoneBy, detail.UndoneBy)
		}
	}
	if g.Code == fleet.SIMsAttached || changed[fleet.PropertyDevice] {
		add("detach", func(q *undoQuery) { q.Detach = true })
	}
	if changed[fleet.PropertyStatus] {
		add("status", func(q *undoQuery) { q.Status = false })
	}
	if g.Code == fleet.DeviceUnavailable {
		add("nodevice", func(q *undoQuery) { q.Devices = false })
	}
	return why
}

// blockedWords says why a SIM cannot go back.
func blockedWords(c *fleet.Conflicts, g fleet.Conflict, s fleet.SIMState) (whys []string) {
	detail := c.Detail(s)
	switch g.Code {
	case fleet.SIMsChanged:
		for _, change := range detail.Changes {
			none := text("none")
			if change.Property == fleet.PropertySIM {
				whys = append(whys, text("undo.changed.sim"))
				continue
			}
			whys = append(whys, text("undo.changed."+string(change.Property), cmp.Or(change.Was.Name, none), cmp.Or(change.Now.Name, none)))
		}
	case fleet.DeviceUnavailable:
		whys = append(whys, text("undo.changed.taken", cmp.Or(detail.Device.Name, text("sims.device.noname", detail.Device.ID))))
	case fleet.AlreadyUndone:
		whys = append(whys, text("undo.changed.undone", number(int64(detail.UndoneBy))))
	default:
		whys = append(whys, text("undo.why."+cmp.Or(undoTexts[g.Code], "other")))
	}
	return whys
}

// undoEntry undoes an entry, exactly as it was previewed.
func undoEntry(r *request) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	q := parseUndo(r.PostForm)
	count := r.PostForm.Get("count")
	if typed(r.PostForm.Get("confirm")) != count || count == "" {
		return r.previewUndo(q, text("confirm.wrong", number(count)))
	}
	preview, err := fleet.ParsePreviews(r.PostForm.Get("tag"))
	if err != nil || len(preview) == 0 {
		return r.previewUndo(q, text("undo.stale"))
	}
	run := control.UndoRun{Request: q.request(fleet.MigrationID(id)), Preview: preview}
	res, err := write(r, "console POST /ledger/{id}/undo", func(w control.Write[control.Undone]) (control.Reply, error) {
		return r.control().Undo(r.Context(), r.caller, run, w)
	}, func(d control.Undone) string {
		to := fleet.MigrationID(id)
		if len(d.IDs) == 1 {
			to = d.IDs[0]
		}
		return done("/ledger/"+strconv.FormatInt(int64(to), 10), "undone")
	})
	var stale *control.Stale
	switch code := fleet.CodeOf(err); {
	case errors.As(err, &stale), code == fleet.Failed && err != nil:
		return r.previewUndo(q, text("undo.stale"))
	case code == fleet.BadRequest:
		return r.previewUndo(q, err.Error())
	}
	return res, err
}

// typed returns the digits of a number that a person typed to confirm: "1,203" is 1203.
func typed(s string) string {
	return strings.NewReplacer(",", "", ".", "", " ", "", "'", "", "\u00a0", "", "\u202f", "").Replace(s)
}
