package console

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// exportPage is how many SIMs an export reads at once.
const exportPage = 2000

// exportSIMs sends the SIMs of the selection as a CSV file, or all that match if none is
// selected. It reads them page by page, by key; a SIM that leaves meanwhile is left out.
func exportSIMs(r *request) (reply, error) {
	s := parseSIMs(r.URL.Query())
	if err := s.exact(); err != nil {
		return reply{}, err
	}
	found, err := r.findSIMs(s.first())
	if err != nil {
		return reply{}, err
	}
	if len(s.Picked.IDs) == 0 {
		s.Picked.All = true
	}
	name := "sims-" + r.control().Now().UTC().Format("2006-01-02") + ".csv"
	return reply{status: 200, kind: "text/csv; charset=utf-8", name: name, stream: func(w io.Writer) error {
		return r.writeSIMs(w, s.Picked, found)
	}}, nil
}

var exportColumns = []string{"iccid", "iccid_with_luhn", "status", "device", "msisdn", "imsi", "eid", "model", "issuer", "reseller", "activated"}

func (r *request) writeSIMs(w io.Writer, picked selection, found simsFound) error {
	out, err := tablefile.NewWriter(w, exportColumns...)
	if err != nil {
		return err
	}
	err = r.eachSIM(picked, found.Match, func(s fleet.SIM, all simsFound) error {
		activated := ""
		if !s.Activated.IsZero() {
			activated = s.Activated.UTC().Format(time.RFC3339)
		}
		return out.Write(string(s.ICCID), s.ICCID.WithLuhn(), s.Status.String(), s.DeviceName, s.MSISDN, s.IMSI, s.EID,
			all.Models[s.Model].Description, all.Workspaces[s.Issuer].Name, all.Workspaces[s.Reseller].Name, activated)
	})
	if err != nil {
		return err
	}
	return out.Close()
}

// eachSIM gives every SIM of a selection among those that a filter matches, by id.
func (r *request) eachSIM(picked selection, match string, give func(fleet.SIM, simsFound) error) error {
	if !picked.All { // the filter finds them, wherever they are in the list
		if len(picked.IDs) == 0 {
			return nil
		}
		match = strings.Trim(match+",id:"+strings.ReplaceAll(picked.List(), ",", "|"), ",")
	}
	for after := ""; ; {
		l, err := r.exportList(match, after)
		if err != nil {
			return err
		}
		if err := r.nextPage(); err != nil {
			return err
		}
		page, err := r.control().ListSIMs(r.Context(), r.caller, l)
		if err != nil {
			return err
		}
		for _, s := range page.Items {
			if !picked.HasSIM(s.ID) {
				continue
			}
			if err := give(s, simsFound{SIMs: page}); err != nil {
				return err
			}
		}
		if len(page.Items) < exportPage {
			return nil
		}
		after = strconv.FormatInt(int64(page.Items[len(page.Items)-1].ID), 10)
	}
}

func (r *request) exportList(match, after string) (fleet.List, error) {
	l, err := fleet.ParseList(fleet.SIMList, match, "id", "1", strconv.Itoa(exportPage))
	if err != nil {
		return l, err
	}
	return l.ReadAfter(after)
}
