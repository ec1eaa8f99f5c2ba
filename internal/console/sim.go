package console

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var simRoutes = []route{
	{pattern: "GET /sims/{id}", need: identity.ReadSIMs, handle: simPage},
	{pattern: "POST /sims/{id}/status", need: identity.WriteSIMs, handle: setSIMStatus},
}

// simEvents is how many events the page of a SIM shows.
const simEvents = 25

// simData is the template data of the page of a SIM.
type simData struct {
	SIM        fleet.SIM
	Workspace  fleet.Workspace
	Issuer     fleet.Workspace
	Reseller   fleet.Workspace
	Model      fleet.Model
	Stays      []fleet.Stay // the present one first
	Events     []control.EventRecord
	EventTotal int
	Own        bool // the SIM is in the caller's Workspace
	Next       []fleet.SIMStatus
	Back       string
	Device     simDevice
	Undo       string // the address of the undo of its last move, "" if the caller cannot make it
}

func simPage(r *request) (reply, error) { return r.showSIM(simDevice{}) }

// showSIM shows the page of the SIM of the path, with the form for its device.
func (r *request) showSIM(device simDevice) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	found, err := r.control().SIM(r.Context(), r.caller, fleet.SIMID(id))
	if err != nil {
		return reply{}, err
	}
	s := found.Items[0]
	d := simData{
		SIM: s, Workspace: found.Workspaces[s.Workspace], Issuer: found.Workspaces[s.Issuer], Reseller: found.Workspaces[s.Reseller],
		Model: found.Models[s.Model], Own: s.Workspace == r.caller.Workspace, Back: "/sims", Device: device,
	}
	if u, err := url.Parse(r.referer()); err == nil && u.Path == "/sims" {
		d.Back = u.RequestURI()
	}
	for _, st := range fleet.SIMStatuses {
		if s.Status.MayBecome(st.ID) {
			d.Next = append(d.Next, st.ID)
		}
	}
	if err := r.addHistory(&d); err != nil {
		return reply{}, err
	}
	return r.page("sim", "sims", text("sim.title", s.ICCID), d)
}

// addHistory reads the stays and the events, as far as the caller may see them.
func (r *request) addHistory(d *simData) error {
	if r.caller.May(identity.ReadMigrations) {
		h, err := r.control().SIMHistory(r.Context(), r.caller, d.SIM.ID)
		if err != nil {
			return err
		}
		slices.Reverse(h.Stays)
		d.Stays = h.Stays
		d.Undo = r.undoOfLast(d)
	}
	if !r.caller.May(identity.ReadEvents) {
		return nil
	}
	l, err := fleet.ParseList(fleet.EventList, "", "", "1", strconv.Itoa(simEvents))
	if err != nil {
		return err
	}
	page, err := r.control().ListEvents(r.Context(), r.caller, control.EventsOf{SIM: d.SIM.ID}, l)
	d.Events, d.EventTotal = page.Items, page.Total
	return err
}

// undoOfLast returns the address of the undo of the last move of a SIM, "" if the caller does not
// administer the Workspace that it came from.
func (r *request) undoOfLast(d *simData) string {
	if len(d.Stays) < 2 || d.Stays[0].Migration == 0 || !r.caller.May(identity.MigrateSIMs) {
		return ""
	}
	home := d.Stays[1].Workspace.ID
	administered := slices.ContainsFunc(r.joined, func(m fleet.Membership) bool { return m.Workspace.ID == home && fleet.Best(m.Roles).Administers() })
	if home == 0 || !administered {
		return ""
	}
	return fmt.Sprintf("/ledger/%d/undo?set=1&status=1&devices=1&sim=%d", d.Stays[0].Migration, d.SIM.ID)
}

// setSIMStatus changes the status of one SIM.
func setSIMStatus(r *request) (reply, error) {
	id, err := r.id("id")
	if err != nil {
		return reply{}, err
	}
	n, err := strconv.Atoi(r.PostForm.Get("status"))
	status := fleet.SIMStatus(n)
	if err != nil || n < 0 || n > 100 || !status.Known() {
		return reply{}, fleet.Invalid("status", "it is not a status of a SIM; choose one of the buttons")
	}
	patch := control.SIMPatch{SIM: fleet.SIMID(id), Status: &status}
	return write(r, "console POST /sims/{id}/status", func(w control.Write[fleet.MigrationID]) (control.Reply, error) {
		return r.control().PatchSIM(r.Context(), r.caller, patch, w)
	}, func(fleet.MigrationID) string {
		return done("/sims/"+strconv.FormatInt(id, 10), "status")
	})
}
