package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/httpx"
	"github.com/simferry/simferry/internal/iccidfile"
)

// isUpload reports whether the body is a file of ICCIDs, with the options in the query.
func isUpload(r *request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "text/csv"
}

// uploadOptions are the query parameters of an upload.
var uploadOptions = []string{
	"target_workspace", "dry_run", "allowed_sim_statuses", "auto_detach_devices", "on_conflict", "not_before", "not_after", "landing", "reference", "reason",
}

// uploadedJob reads a file of ICCIDs and the options of its job.
func uploadedJob(r *request) (n control.NewJob, err error) {
	body, err := uploadBody(r.URL.Query())
	if err != nil {
		return n, err
	}
	if n, err = migrationOptions(body); err != nil { // before the file arrives
		return n, err
	}
	numbers, err := uploadedNumbers(r)
	if err != nil {
		return n, err
	}
	if numbers.Len() > fleet.MaxJobSIMs {
		return n, fleet.Invalid("body", "it has more than %d ICCIDs: make several jobs", fleet.MaxJobSIMs)
	}
	n.Numbers = numbers
	return n, nil
}

// maxUpload is the most bytes of a file of ICCIDs: the largest job with a few columns more.
const maxUpload = 256 << 20

// uploadedNumbers reads a file of ICCIDs, as iccidfile.Stream does.
func uploadedNumbers(r *request) (*fleet.Numbers, error) {
	var file interface {
		io.Reader
		io.ReaderAt
		Size() int64
	}
	if n := r.ContentLength; n >= 0 && n <= httpx.MaxBody && r.Header.Get("Content-Encoding") == "" {
		raw, err := r.ReadBody()
		if err != nil {
			return nil, err
		}
		file = bytes.NewReader(raw)
	} else {
		spooled, err := r.Spool(maxUpload)
		if err != nil {
			return nil, err
		}
		file = spooled
	}
	numbers, err := iccidfile.Stream("body", func() (io.Reader, error) { return io.NewSectionReader(file, 0, file.Size()), nil }, file.Size())
	if err != nil {
		return nil, uploadFault(err)
	}
	return numbers, nil
}

// uploadBody converts the query parameters of an upload to the body that they stand for. An unknown
// parameter is refused, as an unknown property is.
func uploadBody(q url.Values) (b wire.JobRequest, err error) {
	for name, values := range q {
		if !slices.Contains(uploadOptions, name) {
			return b, fleet.Invalid(fleet.Clip(name), "unknown parameter; known parameters: %s", strings.Join(uploadOptions, ", "))
		}
		if len(values) > 1 {
			return b, fleet.Invalid(name, "it is given %d times; send it once", len(values))
		}
	}
	if text := q.Get("target_workspace"); text != "" {
		if b.TargetWorkspace, err = queryRef("target_workspace", text); err != nil {
			return b, err
		}
	}
	if b.DryRun, err = queryBool(q, "dry_run"); err != nil {
		return b, err
	}
	if b.AutoDetachDevices, err = queryBool(q, "auto_detach_devices"); err != nil {
		return b, err
	}
	if text := q.Get("allowed_sim_statuses"); q.Has("allowed_sim_statuses") {
		list := []wire.IDRef{}
		for part := range strings.SplitSeq(text, ",") {
			ref, err := queryRef("allowed_sim_statuses", part)
			if err != nil {
				return b, err
			}
			list = append(list, *ref)
		}
		b.AllowedSIMStatuses = wire.Some(list)
	}
	if q.Has("landing") {
		b.Landing = &wire.JobLanding{Status: q.Get("landing")}
	}
	for name, into := range map[string]*wire.Optional[string]{
		"on_conflict": &b.OnConflict, "not_before": &b.NotBefore, "not_after": &b.NotAfter, "reference": &b.Reference, "reason": &b.Reason,
	} {
		if q.Has(name) {
			*into = wire.Some(q.Get(name))
		}
	}
	return b, nil
}

func queryRef(name, text string) (*wire.IDRef, error) {
	id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return nil, fleet.Invalid(name, "%q is not an id: it must be a whole number", fleet.Clip(text))
	}
	ref := wire.RefTo(id)
	return &ref, nil
}

func queryBool(q url.Values, name string) (wire.Optional[bool], error) {
	switch text := q.Get(name); {
	case !q.Has(name):
		return wire.Optional[bool]{}, nil
	case text == "true" || text == "false":
		return wire.Some(text == "true"), nil
	}
	return wire.Optional[bool]{}, fleet.Invalid(name, "it must be true or false")
}

// uploadFault names every faulty line.
func uploadFault(err error) error {
	bad := &fleet.Error{Code: fleet.BadRequest, Field: "body", Message: "body: " + err.Error()}
	var faults iccidfile.Faults
	if !errors.As(err, &faults) {
		return bad
	}
	bad.Message = fmt.Sprintf("body: the file has %d faulty lines, and nothing was taken: see errors", len(faults))
	if len(faults) == 1 {
		bad.Message = "body: " + faultText(faults[0])
	}
	if len(faults) >= iccidfile.MaxFaults {
		bad.Message = fmt.Sprintf("body: the file has %d faulty lines and perhaps more, and nothing was taken: see errors", len(faults))
	}
	const most = 20
	for _, f := range faults[:min(len(faults), most)] {
		bad.Problems = append(bad.Problems, fleet.Problem{Code: fleet.InvalidFormat, Message: faultText(f)})
	}
	return bad
}

// faultText names the line of a fault, unless it is a fault of the whole file.
func faultText(f iccidfile.Fault) string {
	if f.Where.Line == 0 {
		return f.Message
	}
	return fmt.Sprintf("line %d: %s", f.Where.Line, f.Message)
}
