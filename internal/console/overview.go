package console

import (
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var overviewRoutes = []route{
	{pattern: "GET /overview", need: identity.ReadSIMs, handle: overviewPage},
}

// overviewData is what the overview shows.
type overviewData struct {
	Status []statusCount
	Total  int
}

// statusCount is how many SIMs of the Workspace have a status.
type statusCount struct {
	Status fleet.SIMStatus
	Count  int
}

func overviewPage(r *request) (reply, error) {
	var d overviewData
	for _, st := range []fleet.SIMStatus{fleet.SIMActivated, fleet.SIMSuspended, fleet.SIMIssued, fleet.SIMFactoryTest} {
		l, err := fleet.ParseList(fleet.SIMList, "status:"+strconv.Itoa(int(st)), "id", "1", "1")
		if err != nil {
			return reply{}, err
		}
		page, err := r.control().ListSIMs(r.Context(), r.who, l)
		if err != nil {
			return reply{}, err
		}
		d.Status = append(d.Status, statusCount{st, page.Page.Total})
		d.Total += page.Page.Total
	}
	return r.page("overview", "overview", text("nav.overview"), d)
}
