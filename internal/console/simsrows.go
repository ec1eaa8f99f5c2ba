package console

import (
	"cmp"
	"html/template"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// simHeads writes the headings of the columns. Some lead to the list in another order.
func simHeads(q simsQuery, base string, show map[string]bool) template.HTML {
	var w rowWriter
	for _, c := range [...]struct {
		column, sort string
		always       bool
	}{
		{"iccid", "iccid", true}, {"status", "status", false}, {"device", "endpoint", false}, {"msisdn", "", false}, {"imsi", "", false},
		{"model", "", false}, {"activated", "", false}, {"eid", "", false}, {"issuer", "", false}, {"reseller", "", false},
	} {
		if !c.always && !show[c.column] {
			continue
		}
		w.markup(`<th scope="col"`)
		if c.column != "iccid" && c.column != "status" {
			w.markup(` class="lo"`)
		}
		sorted := c.sort != "" && q.Sorted(c.sort) != ""
		if sorted {
			w.markup(` aria-sort="`, q.Sorted(c.sort), `"`)
		}
		w.markup(">")
		if c.sort != "" {
			w.markup(`<a href="`)
			w.attribute(base + q.SortBy(c.sort))
			w.markup(`">`)
			w.attribute(text("column." + c.column))
			w.markup("</a></th>")
			continue
		}
		w.attribute(text("column." + c.column))
		w.markup("</th>")
	}
	return template.HTML(w.String()) //nolint:gosec // like simRows
}

// simRows writes the rows of the list of SIMs. A template would take longer for them than the
// database. Every value goes through cell or attribute, which escape it; only the markup here does
// not.
func simRows(found simsFound, picked selection, base string, show map[string]bool) template.HTML {
	pick := template.HTMLEscapeString(text("sims.pick.one", "%"))
	before, after, _ := strings.Cut(pick, "%")
	w := rowWriter{none: `<span class="zero">` + template.HTMLEscapeString(text("none")) + "</span>"}
	never := `<span class="zero">` + template.HTMLEscapeString(text("never")) + "</span>"
	w.Grow(1024 * len(found.Items))
	for i := range found.Items {
		s := &found.Items[i]
		id := strconv.FormatInt(int64(s.ID), 10)
		w.markup(`<tr data-row><td class="fit"><input type="checkbox" name="sim" value="`, id, `"`)
		if picked.HasSIM(s.ID) {
			w.markup(" checked")
		}
		w.markup(` aria-label="`, before)
		w.attribute(string(s.ICCID))
		w.markup(after, `"></td><th scope="row"><a href="`, base, id, `">`, string(iccid(string(s.ICCID))), "</a></th>")
		if show["status"] {
			class := statusClass[s.Status]
			w.markup(`<td><span class="st `, class, `">`)
			w.attribute(text("status." + class))
			w.markup("</span></td>")
		}
		for _, c := range [...]struct{ name, value, without string }{
			{"device", deviceOf(s), w.none}, {"msisdn", s.MSISDN, ""}, {"imsi", s.IMSI, ""}, {"model", found.Models[s.Model].Description, ""},
		} {
			if show[c.name] {
				w.cell(c.value, c.without)
			}
		}
		if show["activated"] {
			w.markup(`<td class="lo">`)
			if s.Activated.IsZero() {
				w.markup(never)
			} else {
				w.markup(string(day(s.Activated)))
			}
			w.markup("</td>")
		}
		for _, c := range [...]struct{ name, value string }{
			{"eid", s.EID}, {"issuer", found.Workspaces[s.Issuer].Name}, {"reseller", found.Workspaces[s.Reseller].Name},
		} {
			if show[c.name] {
				w.cell(c.value, "")
			}
		}
		w.markup("</tr>\n")
	}
	return template.HTML(w.String()) //nolint:gosec // see above
}

// deviceOf names the device of a SIM, "" for none.
func deviceOf(s *fleet.SIM) string {
	if s.Device == 0 {
		return ""
	}
	return cmp.Or(s.DeviceName, text("sims.device.noname", s.Device))
}

// rowWriter writes rows of a table.
type rowWriter struct {
	strings.Builder
	none string // for an empty cell
}

// markup writes text of this program as it is.
func (w *rowWriter) markup(parts ...string) {
	for _, p := range parts {
		_, _ = w.WriteString(p) // never fails
	}
}

// attribute writes a value of the database, escaped for an attribute in double quotes, or a text.
func (w *rowWriter) attribute(value string) { w.markup(template.HTMLEscapeString(value)) }

// cell writes a cell with a value; without is the markup for an empty one.
func (w *rowWriter) cell(value, without string) {
	w.markup(`<td class="lo">`)
	if value == "" {
		w.markup(without)
	} else {
		w.attribute(value)
	}
	w.markup("</td>")
}
