package console

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var overviewRoutes = []route{
	{pattern: "GET /overview", need: identity.ReadSIMs, handle: overviewPage},
}

const (
	// overviewDays is the time that the pictures of the overview show.
	overviewDays = 90
	// overviewEntries bounds the ledger entries that the overview reads.
	overviewEntries = 2000
)

// pictured are the statuses in the order of the pictures.
var pictured = []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMSuspended, fleet.SIMIssued, fleet.SIMFactoryTest}

// overviewData is the template data of the overview.
type overviewData struct {
	Statuses []fleet.SIMStatus
	Mix      []mixRow
	Sum      map[fleet.SIMStatus]int
	Total    int
	Flow     sankey
	Plot     plot
	Partial  bool // there are more ledger entries than the overview reads
	Calm     bool // nothing needs attention
	Notices  []notice
	Jobs     []jobRow // under way
}

// mixRow is the bar of one Workspace.
type mixRow struct {
	control.SIMCounts
	Bars []bar
}

// bar is a part of a picture, in its units.
type bar struct {
	Class               string
	X, Y, Width, Height float64
}

// notice is something that needs attention.
type notice struct {
	Title, Text, Link, Do string
	Until                 time.Time // the end of the text, zero for none
}

func overviewPage(r *request) (reply, error) {
	counts, err := r.control().CountSIMs(r.Context(), r.caller)
	if err != nil {
		return reply{}, err
	}
	d := overviewData{Statuses: pictured, Sum: make(map[fleet.SIMStatus]int)}
	for _, n := range counts {
		d.Mix = append(d.Mix, mixRow{n, mixBars(n)})
		for st, c := range n.ByStatus {
			d.Sum[st] += c
		}
		d.Total += n.Total
	}
	since := r.control().Now().UTC().AddDate(0, 0, 1-overviewDays).Truncate(24 * time.Hour)
	moves, partial, err := r.movesSince(since)
	if err != nil {
		return reply{}, err
	}
	d.Partial, d.Flow, d.Plot = partial, drawFlow(moves), drawPlot(moves, since)
	if d.Notices, err = r.offerNotices(); err != nil {
		return reply{}, err
	}
	asked, err := r.inquiryNotices()
	if err != nil {
		return reply{}, err
	}
	d.Notices = append(append(d.Notices, asked...), noticesOf(counts[0])...)
	if err := r.addJobs(&d); err != nil {
		return reply{}, err
	}
	d.Calm = len(d.Notices) == 0
	return r.page("overview", "overview", text("nav.overview"), d)
}

// The jobs that the overview reads, and the most of each kind that it shows.
const (
	overviewJobs   = "state:planning|waiting|running|paused|planned|completed_with_refusals|refused|failed"
	overviewListed = 5
	overviewRecent = 7 * 24 * time.Hour // how long an ended job is shown
)

// addJobs reads the jobs under way, and those that need attention.
func (r *request) addJobs(d *overviewData) error {
	if !r.caller.May(identity.ReadMigrations) {
		return nil
	}
	l, err := fleet.ParseList(fleet.JobList, overviewJobs, "-id", "1", "25")
	if err != nil {
		return err
	}
	page, err := r.control().ListJobs(r.Context(), r.caller, l)
	if err != nil {
		return err
	}
	listed := 0
	for _, j := range page.Items {
		row := rowOf(j)
		n, worth := jobNotice(row, r.control().Now())
		if j.Details.For == fleet.WaitsApproval && j.State == fleet.JobWaiting && r.maySign(j) {
			n, worth = approvalNotice(row), true
		}
		if worth && listed < overviewListed {
			d.Notices = append(d.Notices, n)
			listed++
		}
		if !row.Ended() && j.State != fleet.JobPlanned && len(d.Jobs) < overviewListed {
			d.Jobs = append(d.Jobs, row)
		}
	}
	return nil
}

// offerNotices returns what to say of the offers that wait for an answer of the caller's Workspace.
func (r *request) offerNotices() (all []notice, err error) {
	if !r.caller.May(identity.ManageOffers) {
		return nil, nil
	}
	found, err := r.listOffers(offerTabs[0].filter, 1, overviewListed)
	for _, o := range found.Items {
		if row := r.offerRow(o); row.Pending() {
			all = append(all, notice{
				Title: plural("overview.offer", o.SIMs, o.Source.Name), Text: text("overview.offer.why"), Until: o.Expires,
				Link: row.Path(), Do: text("overview.offer.do"),
			})
		}
	}
	return all, err
}

// inquiryNotices returns what to say of the inquiries of the caller's Workspace that are open.
func (r *request) inquiryNotices() (all []notice, err error) {
	if !r.caller.May(identity.ManageOffers) {
		return nil, nil
	}
	found, err := r.listInquiries("status:"+string(fleet.InquiryOpen), 1, overviewListed)
	for _, q := range found.Items {
		row := inquiryRow{q}
		all = append(all, notice{Title: row.What(), Text: text("overview.inquiry.why"), Until: q.Request.Expires, Link: row.Path(), Do: text("overview.inquiry.do")})
	}
	return all, err
}

// approvalNotice returns what to say of a job that waits for the approval of the caller.
func approvalNotice(row jobRow) notice {
	return notice{
		Title: text("overview.approval", number(int64(row.ID)), row.What), Text: text("overview.approval.why", row.Username), Until: row.Details.Until,
		Link: approvalAddress(row.ID), Do: text("approval.review"),
	}
}

// jobNotice returns what to say of a job that needs attention.
func jobNotice(row jobRow, now time.Time) (n notice, worth bool) {
	id := number(int64(row.ID))
	n = notice{Link: jobAddress(row.ID), Do: text("overview.job.show")}
	switch old := row.Ended() && now.Sub(row.Details.At) > overviewRecent; {
	case old:
		return n, false
	case row.Job.State == fleet.JobPlanned:
		n.Title, n.Text = text("overview.job.planned", id, row.What), text("overview.job.planned.why")
	case row.Job.State == fleet.JobPartial:
		n.Title, n.Text = plural("overview.job.stay", row.Stay, id), text("overview.job.stay.why")
	case row.Ended():
		n.Title, n.Text = text("overview.job.failed", id, row.What), text("overview.job.failed.why")
	default:
		return n, false
	}
	return n, true
}

// noticesOf lists what needs attention in a Workspace.
func noticesOf(n control.SIMCounts) (all []notice) {
	if c := n.ByStatus[fleet.SIMSuspended]; c > 0 {
		all = append(all, notice{Title: plural("overview.suspended", c), Text: text("overview.suspended.why"), Link: "/sims?status=2", Do: text("overview.show")})
	}
	if c := n.ByStatus[fleet.SIMFactoryTest]; c > 0 {
		all = append(all, notice{Title: plural("overview.test", c), Text: text("overview.test.why"), Link: "/sims?status=4", Do: text("overview.show")})
	}
	return all
}

// mixBars divides a bar of 100 units by status.
func mixBars(n control.SIMCounts) (bars []bar) {
	at := 0.0
	for _, st := range pictured {
		if c := n.ByStatus[st]; c > 0 {
			width := 100 * float64(c) / float64(n.Total)
			bars = append(bars, bar{"f-" + statusClass[st], at, 0, max(0.3, width-0.25), 8})
			at += width
		}
	}
	return bars
}

// movesSince reads the migrations since a time that the caller may see, the newest first.
func (r *request) movesSince(since time.Time) (moves []fleet.Migration, partial bool, err error) {
	if !r.caller.May(identity.ReadMigrations) {
		return nil, false, nil
	}
	after := ""
	for len(moves) < overviewEntries {
		l, err := fleet.ParseList(fleet.MigrationList, "", "-id", "1", "1000")
		if err == nil {
			l, err = l.ReadAfter(after)
		}
		if err != nil {
			return nil, false, err
		}
		page, err := r.control().ListMigrations(r.Context(), r.caller, l)
		if err != nil {
			return nil, false, err
		}
		for _, m := range page.Items {
			if m.Time.Before(since) {
				return moves, false, nil
			}
			moves = append(moves, m)
		}
		if len(page.Items) < page.PerPage {
			return moves, false, nil
		}
		after = strconv.FormatInt(int64(page.Items[len(page.Items)-1].ID), 10)
	}
	return moves, true, nil
}

// plot is the picture of the SIMs that moved each day.
type plot struct {
	Bars                 []bar
	Steps                []int // of the axis, the highest first
	Days                 []time.Time
	Weeks                []week
	First, Last          time.Time
	Moved, Undone, Width int
}

// week is a row of the table behind the plot.
type week struct {
	From, To      time.Time
	Moved, Undone int
}

const (
	plotHeight = 120.0
	plotDay    = 10.0
)

func drawPlot(moves []fleet.Migration, since time.Time) plot {
	p := plot{First: since, Last: since.AddDate(0, 0, overviewDays-1), Width: overviewDays * plotDay}
	var moved, undone [overviewDays]int
	for _, m := range moves {
		day := int(m.Time.UTC().Sub(since) / (24 * time.Hour))
		if day < 0 || day >= overviewDays {
			continue
		}
		if m.Undo != nil {
			undone[day] += m.SIMs
			p.Undone += m.SIMs
		} else {
			moved[day] += m.SIMs
			p.Moved += m.SIMs
		}
	}
	top := axisTop(max(slices.Max(moved[:]), slices.Max(undone[:])))
	p.Steps = []int{top, top * 2 / 3, top / 3, 0}
	for day := range overviewDays {
		p.add("f-move", day, moved[day], top)
		p.add("f-undone", day, undone[day], top)
		if day%7 == 0 {
			from := since.AddDate(0, 0, day)
			to := from.AddDate(0, 0, 6)
			if to.After(p.Last) {
				to = p.Last
			}
			p.Weeks = append(p.Weeks, week{From: from, To: to})
		}
		w := &p.Weeks[len(p.Weeks)-1]
		w.Moved += moved[day]
		w.Undone += undone[day]
	}
	for i := range 4 {
		p.Days = append(p.Days, since.AddDate(0, 0, i*(overviewDays-1)/3))
	}
	return p
}

func (p *plot) add(class string, day, count, top int) {
	if count == 0 {
		return
	}
	height := max(1.2, plotHeight*float64(count)/float64(top))
	p.Bars = append(p.Bars, bar{class, float64(day)*plotDay + 1, plotHeight - height, plotDay - 2, height})
}

// axisTop rounds the top of an axis up, to a number that is divisible by three.
func axisTop(highest int) int {
	for unit := 3; ; unit *= 10 {
		for _, f := range []int{1, 2, 4, 5, 8} {
			if top := unit * f; top >= highest {
				return top
			}
		}
	}
}

// sankey is the picture of the flow between Workspaces.
type sankey struct {
	Flows     []flow
	Nodes     []node
	Height    float64
	From, To  []fleet.Workspace
	Cells     map[[2]fleet.WorkspaceID]int
	Total     int
	LeftOut   int // SIMs between the Workspaces that the picture has no room for
	sent, got map[fleet.WorkspaceID]int
}

// flow is a ribbon.
type flow struct {
	Class          string
	Width          float64
	X1, Y1, X2, Y2 float64
}

// node is a Workspace on one side.
type node struct {
	X, Y, Height float64
	TextX        float64
	End          bool // the text ends at TextX
	Name         string
	Count        int
}

// sankeyPlaces is the most Workspaces on a side.
const sankeyPlaces = 8

func drawFlow(moves []fleet.Migration) sankey {
	s := sankey{Cells: make(map[[2]fleet.WorkspaceID]int), sent: make(map[fleet.WorkspaceID]int), got: make(map[fleet.WorkspaceID]int)}
	places := make(map[fleet.WorkspaceID]fleet.Workspace)
	for _, m := range moves {
		for _, source := range m.Sources {
			s.Cells[[2]fleet.WorkspaceID{source.Workspace.ID, m.Target.ID}] += source.SIMs
			s.sent[source.Workspace.ID] += source.SIMs
			s.got[m.Target.ID] += source.SIMs
			places[source.Workspace.ID], places[m.Target.ID] = source.Workspace, m.Target
			s.Total += source.SIMs
		}
	}
	s.From, s.To = busiest(s.sent, places), busiest(s.got, places)
	shown := 0
	for _, a := range s.From {
		for _, b := range s.To {
			shown += s.Cells[[2]fleet.WorkspaceID{a.ID, b.ID}]
		}
	}
	s.LeftOut = s.Total - shown
	if s.Total > 0 {
		s.draw()
	}
	return s
}

// busiest returns the Workspaces with the most SIMs.
func busiest(counts map[fleet.WorkspaceID]int, places map[fleet.WorkspaceID]fleet.Workspace) (all []fleet.Workspace) {
	for _, id := range slices.SortedFunc(maps.Keys(counts), func(a, b fleet.WorkspaceID) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	}) {
		if len(all) < sankeyPlaces {
			all = append(all, places[id])
		}
	}
	return all
}

// draw places the nodes and the ribbons. Each name has room for two lines.
func (s *sankey) draw() {
	const gap, left, right, least = 14.0, 106.0, 264.0, 1.5
	scale := 150 / float64(s.Total)
	size := func(count int) float64 { return max(least, scale*float64(count)) }
	column := func(all []fleet.Workspace, counts map[fleet.WorkspaceID]int, x float64) (tops map[fleet.WorkspaceID]float64, end float64) {
		tops, y := make(map[fleet.WorkspaceID]float64), 8.0
		for _, w := range all {
			h := size(counts[w.ID])
			room := max(h, 26)
			tops[w.ID] = y + (room-h)/2
			n := node{X: x, Y: tops[w.ID], Height: h, Name: w.Name, Count: counts[w.ID], TextX: x + 10}
			if x == left {
				n.TextX, n.End = x-6, true
			}
			s.Nodes = append(s.Nodes, n)
			y += room + gap
		}
		return tops, y
	}
	from, end := column(s.From, s.sent, left)
	to, other := column(s.To, s.got, right)
	s.Height = max(end, other)
	classes := []string{"", "b", "c", "d"}
	for i, a := range s.From {
		for _, b := range s.To {
			count := s.Cells[[2]fleet.WorkspaceID{a.ID, b.ID}]
			if count == 0 {
				continue
			}
			w := scale * float64(count)
			s.Flows = append(s.Flows, flow{classes[i%len(classes)], max(1, w), left + 4, from[a.ID] + w/2, right, to[b.ID] + w/2})
			from[a.ID] += w
			to[b.ID] += w
		}
	}
}

// Cell returns how many SIMs went from one Workspace to another.
func (s sankey) Cell(from, to fleet.Workspace) int {
	return s.Cells[[2]fleet.WorkspaceID{from.ID, to.ID}]
}

// Label returns the name, as much of it as there is room for.
func (n node) Label() string {
	const room = 14
	if name := []rune(n.Name); len(name) > room {
		return strings.TrimRight(string(name[:room-1]), " ") + "…"
	}
	return n.Name
}

// Middle returns the height of a node's name.
func (n node) Middle() float64 { return n.Y + n.Height/2 - 2 }

// Below returns the height of a node's number.
func (n node) Below() float64 { return n.Middle() + 13 }

// Bend returns the x of the control points of a ribbon.
func (f flow) Bend() float64 { return (f.X1 + f.X2) / 2 }
