package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/tablefile"
)

// verdictForms are the content types in which all SIMs of a job are sent, and how.
var verdictForms = map[string]struct {
	sent string // content type of the response
	name string // ending of the file name
	open func(io.Writer) (verdictWriter, error)
}{
	"text/csv":             {"text/csv; charset=utf-8", "csv", newVerdictTable},
	"application/jsonl":    {"application/jsonl", "jsonl", newVerdictLines},
	"application/x-ndjson": {"application/x-ndjson", "jsonl", newVerdictLines},
}

// verdictWriter writes SIMs of a job as a file. flush sends what was written since the last one.
type verdictWriter interface {
	write(j fleet.Job, s fleet.JobSIM, sources map[fleet.WorkspaceID]fleet.Workspace) error
	flush() error
}

// askedForm returns which of the forms a client accepts, "" for JSON pages.
func askedForm(accept []string) string {
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, parameters, err := mime.ParseMediaType(item)
		if q, bad := strconv.ParseFloat(parameters["q"], 64); bad == nil && q == 0 {
			continue
		}
		if _, known := verdictForms[kind]; known && err == nil {
			return kind
		}
		if kind == "application/json" || kind == "*/*" {
			return ""
		}
	}
	return ""
}

// streamJobSIMs sends all SIMs of a job as a file. It reads them page by page, by key.
func (a *api) streamJobSIMs(r *request, id fleet.JobID, form string) (res response, err error) {
	for _, name := range []string{"page", "per_page"} {
		if r.URL.Query().Has(name) {
			return res, fleet.Errorf(fleet.BadQuery, "%s: %s has no pages: leave it out", name, form)
		}
	}
	l, err := r.List(fleet.JobSIMList)
	if err != nil {
		return res, err
	}
	l.PerPage = fleet.JobSIMList.MaxPerPage
	first := l
	first.PerPage = 1
	if _, err := a.control.ListJobSIMs(r.Context(), r.caller, id, first); err != nil { // while a refusal can be a status
		return res, err
	}
	if l.After == nil {
		least := int64(fleet.FirstJobSIM)
		l.After = &least
	}
	res = response{Status: http.StatusOK, ContentType: verdictForms[form].sent}
	res.Set("Content-Disposition", fmt.Sprintf("attachment; filename=job-%d.%s", id, verdictForms[form].name))
	res.Set("Vary", "Accept")
	err = r.Streamed(&res, func(ctx context.Context, out *httpx.Stream) error {
		w, err := verdictForms[form].open(out)
		if err != nil {
			return err
		}
		return a.sendJobSIMs(ctx, r, id, l, w)
	})
	return res, err
}

// sendJobSIMs writes page after page. The caller's rights are checked for each.
func (a *api) sendJobSIMs(ctx context.Context, r *request, id fleet.JobID, l fleet.List, w verdictWriter) error {
	for more := true; more; {
		var err error
		if more, err = a.writeJobSIMs(ctx, r, id, &l, w); err != nil {
			return err
		}
		if err := w.flush(); err != nil {
			return err
		}
	}
	return nil
}

// writeJobSIMs makes the next page, and reports whether there are more.
func (a *api) writeJobSIMs(ctx context.Context, r *request, id fleet.JobID, l *fleet.List, w verdictWriter) (more bool, err error) {
	leave, err := r.Turn(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if err := a.verifyBearer(r); err != nil {
		return false, err
	}
	caller, err := a.control.Authenticate(ctx, r.claims, r.origin())
	if err != nil {
		return false, err
	}
	page, err := a.control.ListJobSIMs(ctx, caller, id, *l)
	if err != nil {
		return false, err
	}
	for _, s := range page.Items {
		if err := w.write(page.Job, s, page.Sources); err != nil {
			return false, err
		}
		l.After = &s.Pos
	}
	return len(page.Items) == l.PerPage, nil
}

// verdictLines writes JSON Lines.
type verdictLines struct {
	out  io.Writer
	page []byte
}

func newVerdictLines(out io.Writer) (verdictWriter, error) { return &verdictLines{out: out}, nil }

func (w *verdictLines) write(j fleet.Job, s fleet.JobSIM, sources map[fleet.WorkspaceID]fleet.Workspace) error {
	line, err := json.Marshal(jobSIMBody(j, s, sources))
	w.page = append(append(w.page, line...), '\n')
	return err
}

func (w *verdictLines) flush() error {
	_, err := w.out.Write(w.page)
	w.page = w.page[:0]
	return err
}

// verdictTable writes a CSV file. No cell is a formula.
type verdictTable struct {
	table *tablefile.Writer
	page  *bytes.Buffer
	out   io.Writer
}

func newVerdictTable(out io.Writer) (verdictWriter, error) {
	page := &bytes.Buffer{}
	table, err := tablefile.NewWriter(page, "row", "identifier", "id", "iccid", "iccid_with_luhn", "verdict", "source_workspace_id",
		"source_workspace_name", "migration_id", "error_codes", "errors")
	return verdictTable{table, page, out}, err
}

func (w verdictTable) write(j fleet.Job, s fleet.JobSIM, sources map[fleet.WorkspaceID]fleet.Workspace) error {
	luhn, source := "", sources[s.Source]
	if s.ICCID != "" {
		luhn = s.ICCID.WithLuhn()
	}
	var codes, reasons []string
	for _, code := range s.Codes {
		codes, reasons = append(codes, strconv.Itoa(int(code))), append(reasons, j.WhyRefused(code, s.Source))
	}
	return w.table.Write(orBlank(int64(s.Line)), s.Given, orBlank(int64(s.SIM)), string(s.ICCID), luhn, s.Verdict.String(), orBlank(int64(source.ID)),
		source.Name, orBlank(int64(s.Entry)), strings.Join(codes, " "), strings.Join(reasons, "; "))
}

func (w verdictTable) flush() error {
	if err := w.table.Close(); err != nil {
		return err
	}
	_, err := w.page.WriteTo(w.out)
	return err
}

func orBlank(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
