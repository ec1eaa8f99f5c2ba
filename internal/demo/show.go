package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/simferry/simferry/api"
)

// exchange prints the request and the head of the response.
func (t *printer) exchange(ex exchange) {
	t.linef(" %s %s %s", t.faint(">"), ex.method, ex.path)
	t.headers(">", ex.sent, "If-Match", "Idempotency-Key")
	for _, line := range bodyLines(ex.body) {
		t.linef(" %s %s", t.faint(">"), line)
	}
	status := fmt.Sprintf("%d %s", ex.status, http.StatusText(ex.status))
	if ex.status < http.StatusBadRequest {
		status = t.good(status)
	} else {
		status = t.bad(status)
	}
	t.linef(" %s %s", t.faint("<"), status)
	t.headers("<", ex.got, "Etag", "Location")
	t.line("")
}

func (t *printer) headers(mark string, h http.Header, names ...string) {
	for _, name := range names {
		if v := h.Get(name); v != "" {
			t.linef(" %s %s: %s", t.faint(mark), spelling(name), clip(v))
		}
	}
}

func spelling(name string) string {
	if name == "Etag" { // as net/http has it
		return "ETag"
	}
	return name
}

// clip keeps a value on its line; only an ETag is that long.
func clip(s string) string {
	const most = 48
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}

// bodyLines formats JSON. An object has a line for each property. A value that is too wide for its
// line is broken into its parts. Anything that is not JSON is one line.
func bodyLines(body []byte) []string {
	if len(body) == 0 {
		return nil
	}
	lines, err := valueLines(json.RawMessage(body), "", "", 0)
	if err != nil {
		return []string{string(body)}
	}
	return lines
}

// bodyWidth is the width of a line of a body, which begins with a mark.
const bodyWidth = width - len(" > ")

// valueLines formats a value at a depth, between what precedes and follows it on its line.
func valueLines(value json.RawMessage, before, after string, depth int) (lines []string, err error) {
	indent := strings.Repeat(" ", depth)
	whole := indent + before + string(value) + after
	object := value[0] == '{'
	if !object && value[0] != '[' || depth > 0 && len(whole) <= bodyWidth {
		return []string{whole}, nil
	}
	d := json.NewDecoder(bytes.NewReader(value))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	lines = append(lines, indent+before+string(value[0]))
	for d.More() {
		name := ""
		if object {
			token, err := d.Token()
			if err != nil {
				return nil, err
			}
			name = fmt.Sprintf("%q: ", token)
		}
		var part json.RawMessage
		if err := d.Decode(&part); err != nil {
			return nil, err
		}
		comma := ","
		if !d.More() {
			comma = ""
		}
		inner, err := valueLines(part, name, comma, depth+1)
		if err != nil {
			return nil, err
		}
		lines = append(lines, inner...)
	}
	return append(lines, indent+string(value[len(value)-1])+after), nil
}

// few is the number of SIMs shown of a list.
const few = 3

// sims shows the first SIMs of a migration in their state before it.
func (t *printer) sims(list []api.MigrationSIM) {
	for _, s := range list[:min(few, len(list))] {
		t.linef("     %s  %-9s  %s", s.ICCID, s.Status.Description, place(s.SourceWorkspace, s.Endpoint))
	}
	t.more(len(list))
}

// lines shows the first SIMs of a ledger entry, before and after.
func (t *printer) lines(list []api.MigrationLine) {
	for _, l := range list[:min(few, len(list))] {
		t.linef("     %s  %s, %s", l.ICCID, l.Before.Status.Description, place(l.Before.Workspace, l.Before.Endpoint))
		t.linef("     %19s  %s, %s", "->", l.After.Status.Description, place(l.After.Workspace, l.After.Endpoint))
	}
	t.more(len(list))
}

func (t *printer) more(n int) {
	if n > few {
		t.linef("     and %d more", n-few)
	}
}

func place(ws api.NamedRef, device *api.NamedRef) string {
	if device == nil {
		return ws.Name
	}
	return ws.Name + ", in " + device.Name
}
