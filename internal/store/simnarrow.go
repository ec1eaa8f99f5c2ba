package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/simferry/simferry/internal/fleet"
)

// maxScanned is how many SIMs a list may go through to filter, sort and count them: so many
// take some hundredths of a second, on either engine. A list that would go through more must
// be found by an index, or it is refused.
const maxScanned = 15_000

// simSet is the set of SIMs, or of other rows, that a list goes through.
type simSet struct {
	driving string // the condition on sims s
	args    []any
}

// text selects columns of the SIMs of a set.
func (n simSet) text(columns string) string {
	return "SELECT " + columns + " FROM sims s WHERE " + n.driving
}

// narrow finds a set of at most maxScanned SIMs, by an index, in which the whole list lies.
// It returns an error for the caller if there is none.
func (tx *Tx) narrow(ctx context.Context, ws fleet.Workspace, l fleet.List) (simSet, error) {
	for _, f := range l.Filters {
		n, ok, err := tx.byFilter(ctx, ws, f)
		if err != nil {
			return n, err
		}
		if !ok {
			continue
		}
		if few, err := tx.fewSIMs(ctx, n); few || err != nil {
			return n, err
		}
	}
	n, few, err := tx.byScope(ctx, ws, l)
	if err == nil && !few {
		err = tx.tooManySIMs(ws, l)
	}
	return n, err
}

// byFilter returns the set of SIMs that one filter finds by an index; ok is false if there is none
// for it. A SIM that the Workspace may not see takes the same path as one that does not exist.
func (tx *Tx) byFilter(ctx context.Context, ws fleet.Workspace, f fleet.Filter) (n simSet, ok bool, err error) {
	w := where{tx: tx}
	condition := func() string { return "(" + joinOr(w.alternatives(f, simFields[f.Field.Name])) + ")" }
	owners := simOwners
	if ws.Type == fleet.Enterprise {
		owners = simOwners[:1]
	}
	switch name := f.Field.Name; {
	case f.Null:
		return n, false, nil
	case name == "id":
		w.and(w.own("sims", "s.id", int64(ws.ID), owners, w.ids(f)))
	case ws.Type == fleet.Enterprise && (name == "iccid" || name == "iccid_with_luhn"):
		w.and("s.workspace_id = " + w.arg(int64(ws.ID)) + " AND " + condition())
	case ws.Type == fleet.Enterprise && name == "endpoint": // a SIM is in a device of its own Workspace
		w.and(w.own("devices", "s.device_id", int64(ws.ID), deviceOwners, w.ids(f)))
	case name == "customer_org" && ws.Type != fleet.Enterprise && len(f.Numbers) == 1:
		var one int // a parent may know the size of a Workspace
		below, err := tx.queryRow(ctx, "SELECT 1 FROM workspaces WHERE id = $1 AND parent_id = $2", []any{f.Numbers[0], int64(ws.ID)}, &one)
		if err != nil || !below {
			return n, false, err
		}
		w.and(condition())
	default:
		return n, false, nil
	}
	n.driving, n.args = w.String(), w.args
	return n, true, nil
}

func wholeICCIDs(f fleet.Filter) bool {
	return !slices.ContainsFunc(f.Texts, func(text string) bool { return len(text) != fleet.ICCIDLength })
}

// byScope returns all SIMs in the scope of a Workspace, and reports whether that is few enough.
func (tx *Tx) byScope(ctx context.Context, ws fleet.Workspace, l fleet.List) (n simSet, few bool, err error) {
	w := where{tx: tx}
	w.scope(ws)
	if ws.Type != fleet.Enterprise {
		n = simSet{w.String(), w.args}
		few, err = tx.fewSIMs(ctx, n)
		return n, few, err
	}
	statuses := slices.Clone(liveStatuses)
	for _, f := range l.Filters {
		if f.Field.Name == "status" {
			statuses = f.Numbers
		}
	}
	w.and(w.in("s.status", arrayParam(tx, statuses)))
	counts, err := tx.blocks(ctx, counted{ws.ID, statuses}, 2, 0, 1<<62)
	return simSet{w.String(), w.args}, total(counts) <= int64(tx.most), err
}

// fewSIMs reports whether a set has at most maxScanned SIMs. It counts no further.
func (tx *Tx) fewSIMs(ctx context.Context, n simSet) (bool, error) {
	return tx.fewRows(ctx, n.text("1"), n.args)
}

// fewRows reports whether a statement finds at most maxScanned rows. It counts no further.
func (tx *Tx) fewRows(ctx context.Context, text string, args []any) (bool, error) {
	var found int
	_, err := tx.queryRow(ctx, fmt.Sprintf("SELECT count(*) FROM (%s LIMIT %d) k", text, tx.most+1), args, &found)
	return found <= tx.most, err
}

// tooManySIMs refuses a list that no index serves, and says what to add.
func (tx *Tx) tooManySIMs(ws fleet.Workspace, l fleet.List) error {
	what := fmt.Sprintf("add a filter that few SIMs match, such as id, iccid, endpoint, or at most %d values of imsi, msisdn or eid", mostSought)
	if ws.Type != fleet.Enterprise {
		what = fmt.Sprintf("add a filter that few SIMs match, such as id, or at most %d values of iccid, imsi, msisdn, eid or endpoint", mostSought)
	}
	if _, byID := l.ByID(); !byID {
		return &fleet.Error{Code: fleet.BadSort, Field: "sort", Message: fmt.Sprintf(
			"sort: more than %d SIMs would have to be sorted by %s: sort by id, or %s", tx.most, l.Sort[0].Field, what)}
	}
	return &fleet.Error{Code: fleet.BadQuery, Field: "q", Message: fmt.Sprintf(
		"q: more than %d SIMs would have to be looked through: %s", tx.most, what)}
}

// sortable returns an error if more than tx.most rows would have to be sorted because no index has
// the order of the list.
func (tx *Tx) sortable(l fleet.List, total int, things string) error {
	if _, byID := l.ByID(); byID || total <= tx.most {
		return nil
	}
	return &fleet.Error{Code: fleet.BadSort, Field: "sort", Message: fmt.Sprintf(
		"sort: more than %d %s would have to be sorted by %s: sort by id, or add filters that fewer of them match", tx.most, things, l.Sort[0].Field)}
}

// inIndexOrder reports whether a list is one that an index gives in its order, with a total
// that the tally has.
func inIndexOrder(ws fleet.Workspace, l fleet.List) bool {
	return ws.Type == fleet.Enterprise && len(l.Filters) == 0 && len(l.Sort) == 1 && slices.Contains([]string{"iccid", "iccid_with_luhn", "status"}, l.Sort[0].Field)
}

// withoutOwn leaves out a filter by the Workspace whose SIMs the list shows anyway.
func withoutOwn(ws fleet.Workspace, l fleet.List) fleet.List {
	if ws.Type == fleet.Enterprise {
		l.Filters = slices.DeleteFunc(slices.Clone(l.Filters), func(f fleet.Filter) bool {
			return f.Field.Name == "customer_org" && slices.Contains(f.Numbers, int64(ws.ID))
		})
	}
	return l
}
