package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/store"
)

var listCases = []testCase{
	{"Filters", listFilters},
	{"Sorts", listSorts},
	{"Pages", listPages},
	{"HostileValues", listHostileValues},
}

func (e *env) list(ws fleet.Workspace, q, sort, page, perPage string) (got fleet.Page[fleet.SIM]) {
	e.Helper()
	l, err := fleet.ParseList(fleet.SIMList, q, sort, page, perPage)
	if err != nil {
		e.Fatal(err)
	}
	e.view(func(ctx context.Context, tx *store.Tx) (err error) {
		got, err = tx.SIMs(ctx, ws, l)
		return err
	})
	return got
}

func ids(sims []fleet.SIM) string {
	text := make([]string, len(sims))
	for i, s := range sims {
		text[i] = strconv.FormatInt(int64(s.ID), 10)
	}
	return strings.Join(text, " ")
}

func listFilters(e *env) {
	e.fleet()
	day := func(id int) string { return start.AddDate(0, 0, -id).Format("2006-01-02") }
	for _, tt := range []struct {
		ws      fleet.WorkspaceID
		q, want string
	}{
		{FleetDE, "", "10 11 12 13 14 15 16 17 18 19"},
		{FleetAT, "", "20 21 22"},
		{Resale, "", "11 12 13 14"},
		{Carrier, "", "10 11 12 13 14 15 16 17 18 19 20 21 22 30"},
		{Carrier, "customer_org:200|300", "20 21 22 30"},
		{FleetDE, "customer_org:200", ""},
		{FleetDE, "id:12", "12"},
		{FleetDE, "id:12|20|14", "12 14"},
		{FleetDE, "status:0", "10 15"},
		{FleetDE, "status:1|4", "11 13 14 16 18 19"},
		{FleetDE, "status:1,endpoint:null", "13 16 18"},
		{FleetDE, "endpoint:9001", "11"},
		{FleetDE, "endpoint:null|9002", "10 12 13 14 15 16 17 18 19"},
		{FleetDE, "endpoint:9001|9002|null", "10 11 12 13 14 15 16 17 18 19"},
		{FleetDE, "reseller_org:2", "11 12 13 14"},
		{FleetDE, "reseller_org:null", "10 15 16 17 18 19"},
		{FleetDE, "issuer_org:1,id:19", "19"},
		{Carrier, "iccid:898830300000000002", "20 21 22"},
		{Carrier, "iccid:8988303000000000022|8988303000000000010", "10 22"},
		{Carrier, "iccid:8988303000000000030,status:0", "30"},
		{Carrier, "iccid_with_luhn:" + ICCIDOf(15).WithLuhn(), "15"},
		{Carrier, "imsi:" + plain(16, 0).IMSI, "16"},
		{Carrier, "imsi:29505", ""},
		{Carrier, "msisdn:" + plain(17, 0).MSISDN + "|" + plain(30, 0).MSISDN, "17 30"},
		{Carrier, "eid:" + plain(18, 0).EID, "18"},
		{Carrier, "production_date:" + day(13), "13"},
		{Carrier, "production_date:" + day(13) + "|" + day(22), "13 22"},
	} {
		got := e.list(workspace(tt.ws), tt.q, "", "", "")
		if ids(got.Items) != tt.want || got.Total != len(got.Items) {
			e.Errorf("Workspace %d, q=%s: %s (total %d), want %s", tt.ws, tt.q, ids(got.Items), got.Total, tt.want)
		}
	}
	instant := plain(13, 0).Produced.Format("2006-01-02T15:04:05.000Z07:00")
	l := fleet.List{Page: 1, PerPage: 10, Sort: []fleet.Order{{Field: "id"}}, Filters: []fleet.Filter{{
		Field: fleet.ListField{Name: "production_date", Kind: fleet.TimeField},
		Times: []fleet.TimeRange{{From: plain(13, 0).Produced, Until: plain(12, 0).Produced}},
	}}}
	e.view(func(ctx context.Context, tx *store.Tx) error {
		page, err := tx.SIMs(ctx, workspace(FleetDE), l)
		if ids(page.Items) != "13" { // from is included, until is not
			e.Errorf("from %s: %s", instant, ids(page.Items))
		}
		return err
	})
}

// byField orders SIMs like the lists: those without a value come first.
var byField = map[string]func(a, b fleet.SIM) int{
	"id":              func(a, b fleet.SIM) int { return cmp.Compare(a.ID, b.ID) },
	"iccid":           func(a, b fleet.SIM) int { return cmp.Compare(a.ICCID, b.ICCID) },
	"iccid_with_luhn": func(a, b fleet.SIM) int { return cmp.Compare(a.ICCID, b.ICCID) },
	"imsi":            func(a, b fleet.SIM) int { return cmp.Compare(a.IMSI, b.IMSI) },
	"msisdn":          func(a, b fleet.SIM) int { return cmp.Compare(a.MSISDN, b.MSISDN) },
	"eid":             func(a, b fleet.SIM) int { return cmp.Compare(a.EID, b.EID) },
	"status":          func(a, b fleet.SIM) int { return cmp.Compare(a.Status, b.Status) },
	"endpoint":        func(a, b fleet.SIM) int { return cmp.Compare(a.Device, b.Device) },
	"customer_org":    func(a, b fleet.SIM) int { return cmp.Compare(a.Workspace, b.Workspace) },
	"issuer_org":      func(a, b fleet.SIM) int { return cmp.Compare(a.Issuer, b.Issuer) },
	"reseller_org":    func(a, b fleet.SIM) int { return cmp.Compare(a.Reseller, b.Reseller) },
	"model":           func(a, b fleet.SIM) int { return cmp.Compare(a.Model, b.Model) },
	"production_date": func(a, b fleet.SIM) int { return a.Produced.Compare(b.Produced) },
}

func listSorts(e *env) {
	e.fleet()
	extra := plain(40, FleetDE)
	extra.EID, extra.IMSI, extra.MSISDN = "Zz", "é", "a" // bytewise: upper before lower case, é behind both
	e.imported("extra", []fleet.SIM{extra})
	all := append(stored(), extra)
	for _, field := range fleet.SIMList.Fields {
		if field.NoSort {
			continue
		}
		compare := byField[field.Name]
		for _, sign := range []int{1, -1} {
			order := map[int]string{1: "", -1: "-"}[sign] + field.Name
			want := slices.Clone(all)
			slices.SortFunc(want, func(a, b fleet.SIM) int { // ties: by id, in the same direction
				return sign * cmp.Or(compare(a, b), cmp.Compare(a.ID, b.ID))
			})
			e.equal("sort="+order, ids(e.list(workspace(Carrier), "", order, "", "").Items), ids(want))
		}
	}
	slices.SortFunc(all, func(a, b fleet.SIM) int {
		return cmp.Or(-cmp.Compare(a.Status, b.Status), cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.ID, b.ID))
	})
	e.equal("several keys", ids(e.list(workspace(Carrier), "", "-status,customer_org,id", "", "").Items), ids(all))
}

func listPages(e *env) {
	e.fleet()
	for _, tt := range []struct {
		page, perPage, want string
		number              int
	}{
		{"1", "3", "10 11 12", 1},
		{"4", "3", "19", 4},
		{"5", "3", "19", 4}, // beyond the end: the last
		{"99999999999999", "3", "19", 4},
		{"0", "3", "10 11 12", 1},
		{"-7", "5", "10 11 12 13 14", 1},
		{"2", "5", "15 16 17 18 19", 2},
		{"3", "5", "15 16 17 18 19", 2},
		{"1", "0", "10 11 12 13 14 15 16 17 18 19", 1},
		{"1", "99999", "10 11 12 13 14 15 16 17 18 19", 1},
	} {
		got := e.list(workspace(FleetDE), "", "", tt.page, tt.perPage)
		if ids(got.Items) != tt.want || got.Page != tt.number || got.Total != 10 {
			e.Errorf("page=%s per_page=%s: page %d of %d SIMs: %s, want %s", tt.page, tt.perPage, got.Page, got.Total, ids(got.Items), tt.want)
		}
	}
	if got := e.list(workspace(FleetDE), "id:999", "", "3", "5"); got.Total != 0 || got.Page != 1 || len(got.Items) != 0 {
		e.Errorf("a page of nothing: %+v", got)
	}
	if got := e.list(workspace(FleetDE), "", "status", "2", "4"); ids(got.Items) != "16 18 12 17" {
		e.Errorf("the second page by status: %s", ids(got.Items))
	}
}

// Values that no row can have find nothing and cause no error.
func listHostileValues(e *env) {
	e.fleet()
	for _, field := range fleet.SIMList.Fields {
		var values []string
		switch field.Kind {
		case fleet.IntegerField:
			if field.Numbers != nil { // the list refuses others
				continue
			}
			values = []string{"99999", "-1", "9223372036854775807", "-9223372036854775808", "70000|99999"}
		case fleet.TextField, fleet.PrefixField:
			values = []string{"%", "'", `\`, "\U0010FFFF", strings.Repeat("9", 5000)}
		case fleet.TimeField:
			values = []string{"0001-01-01", "9999-12-31"}
		case fleet.LuhnField:
		}
		for _, v := range values {
			if got := e.list(workspace(Carrier), field.Name+":"+v, "", "", ""); got.Total != 0 {
				e.Errorf("%s:%q finds %s", field.Name, v, ids(got.Items))
			}
		}
	}
	e.view(func(ctx context.Context, tx *store.Tx) error {
		for _, name := range []string{"\x00", "admin@example.com\x00", "\xff"} {
			if _, found, err := tx.UserByName(ctx, name); found || err != nil {
				return fmt.Errorf("user %q: %v, %w", name, found, err)
			}
		}
		return nil
	})
	e.update(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Count(ctx, "failures", "a\x00\xff 10.0.0.1", 1000)
		return err
	})
}
