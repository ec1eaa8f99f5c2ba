package console

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var offersRoutes = []route{
	{choices: choices{"show": names(offerTabs, func(t offerTab) string { return t.Name })}, pattern: "GET /offers", need: identity.ReadMigrations, handle: offersPage},
}

// offersPer is how many offers a page of the list shows.
const offersPer = 25

// offerTab is a tab of the list of offers.
type offerTab struct {
	Name   string
	filter string
	Count  int
}

// offerTabs are the tabs. Each offer is in one of them.
var offerTabs = []offerTab{
	{Name: "answer", filter: "direction:incoming,status:pending"},
	{Name: "sent", filter: "direction:outgoing,status:pending"},
	{Name: "ended", filter: "status:" + joined(slices.DeleteFunc(slices.Clone(fleet.OfferStates), func(s fleet.OfferState) bool { return s == fleet.OfferPending }))},
}

// Path returns the address of the tab.
func (t offerTab) Path() string { return offersAddress(t.Name, 1) }

func offersAddress(tab string, page int) string {
	v := url.Values{}
	if tab != offerTabs[0].Name {
		v.Set("show", tab)
	}
	if page > 1 {
		v.Set("page", strconv.Itoa(page))
	}
	return withQuery("/offers", v)
}

// offersData is what the list of offers shows.
type offersData struct {
	Tabs []offerTab
	Show string
	Rows []offerRow
	At   pager

	Inquiries int // that are open
}

// offerRow is an offer as pages show it.
type offerRow struct {
	control.Offer
	Words string // its state
	Class string // of the tag of the state
}

// offerClasses are the classes of the tags of states.
var offerClasses = map[fleet.OfferState]string{
	fleet.OfferPending: "warn", fleet.OfferAccepting: "run", fleet.OfferAccepted: "ok", fleet.OfferPartly: "warn",
	fleet.OfferRefused: "bad", fleet.OfferExpired: "bad", fleet.OfferWithdrawn: "bad",
}

func (r *request) offerRow(o control.Offer) offerRow {
	if o.ExpiredAt(r.control().Now()) { // no server has noticed yet
		o.State = fleet.OfferExpired
	}
	row := offerRow{Offer: o, Words: text("offer.state." + string(o.State)), Class: offerClasses[o.State]}
	if o.State == fleet.OfferPending && o.Incoming {
		row.Words = text("offer.state.answer")
	}
	return row
}

// What says which SIMs the offer has, and who the other side is.
func (o offerRow) What() string {
	if o.Incoming {
		return plural("offer.from", o.SIMs, o.Source.Name)
	}
	return plural("offer.for", o.SIMs, o.Target.Name)
}

// Other returns the name of the Workspace on the other side.
func (o offerRow) Other() string {
	if o.Incoming {
		return o.Source.Name
	}
	return o.Target.Name
}

// Path returns the address of the page of the offer.
func (o offerRow) Path() string { return offerAddress(o.ID) }

// Pending reports whether the receiver can still answer.
func (o offerRow) Pending() bool { return o.State == fleet.OfferPending }

func offerAddress(id fleet.OfferID) string { return "/offers/" + strconv.FormatInt(int64(id), 10) }

func offersPage(r *request) (reply, error) {
	v := r.URL.Query()
	d := offersData{Tabs: slices.Clone(offerTabs), Show: v.Get("show")}
	if !slices.ContainsFunc(d.Tabs, func(t offerTab) bool { return t.Name == d.Show }) {
		d.Show = d.Tabs[0].Name
	}
	for i := range d.Tabs {
		tab := &d.Tabs[i]
		page, per := 1, 1
		if tab.Name == d.Show {
			page, per = pageOf(v), offersPer
		}
		found, err := r.listOffers(tab.filter, page, per)
		if err != nil {
			return reply{}, err
		}
		if tab.Count = found.Total; tab.Name != d.Show {
			continue
		}
		for _, o := range found.Items {
			d.Rows = append(d.Rows, r.offerRow(o))
		}
		d.At = numberedPager(found.Page, found.PerPage, len(found.Items), found.Total, func(n int) string { return offersAddress(d.Show, n) })
	}
	if r.caller.May(identity.ManageOffers) {
		open, err := r.listInquiries("status:"+string(fleet.InquiryOpen), 1, 1)
		if err != nil {
			return reply{}, err
		}
		d.Inquiries = open.Total
	}
	return r.page("offers", "offers", text("offers.title"), d)
}

func (r *request) listOffers(filter string, page, per int) (found fleet.Page[control.Offer], err error) {
	l, err := fleet.ParseList(fleet.OfferList, filter, "-id", strconv.Itoa(page), strconv.Itoa(per))
	if err != nil {
		return found, err
	}
	return r.control().ListOffers(r.Context(), r.caller, l)
}

// pageOf returns the number of the page that an address asks for.
func pageOf(v url.Values) int {
	if n, err := strconv.Atoi(v.Get("page")); err == nil && n > 0 {
		return n
	}
	return 1
}
