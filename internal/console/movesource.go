package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/iccidfile"
)

// chosenSIMs reads the first step: the SIMs of the source that is chosen, or a problem for the
// user.
func (r *request) chosenSIMs() (c chosen, problem string, err error) {
	switch r.PostForm.Get("from") {
	case "selection":
		return r.chosenList()
	case "file":
		c, problem, err = r.chosenFile()
	case "paste":
		c, problem = r.chosenPaste()
	default:
		return c, text("move.from.none"), nil
	}
	if err == nil && problem == "" {
		err = r.lookUp(&c)
	}
	return c, problem, err
}

// chosenList reads the selection of a list of SIMs. All that match are selected by the filter of
// the list, so that there may be millions.
func (r *request) chosenList() (c chosen, problem string, err error) {
	v, err := url.ParseQuery(r.PostForm.Get("list"))
	if err != nil {
		return c, "", fleet.Invalid("list", "it is not the address of a list of SIMs: open the list and select again")
	}
	s := parseSIMs(v)
	if err := s.exact(); err != nil {
		return c, "", err
	}
	c.source = fleet.DraftSource{Kind: "selection", Back: s.address()}
	found, err := r.findSIMs(s.first())
	if err != nil {
		return c, "", err
	}
	if c.source.SIMs = s.Picked.count(found.Total); c.source.SIMs == 0 {
		return c, text("move.selection.none"), nil
	}
	c.sel = r.jobSelection(s.Picked, found.Match)
	counts, attached, err := r.countByStatus(s.Picked, found, s.Has(fleet.SIMDeleted))
	if code := fleet.CodeOf(err); code == fleet.BadQuery || code == fleet.BadSort { // the preview counts them
		return c, "", nil
	}
	c.source.Found = r.draftFound(counts, attached)
	return c, "", err
}

// draftFound counts the SIMs of a draft that were found.
func (r *request) draftFound(counts map[fleet.SIMStatus]int, attached int) *fleet.DraftFound {
	f := &fleet.DraftFound{Workspace: r.caller.WorkspaceName, Statuses: counts, Attached: attached}
	for _, n := range counts {
		f.SIMs += n
	}
	return f
}

// maxLookedUp is how many ICCIDs of a list are looked up at most before the preview. A longer list
// has no summary.
const maxLookedUp = 500

// lookUp finds the SIMs of a short list in the user's Workspace, for the summary of the next step.
func (r *request) lookUp(c *chosen) error {
	n := c.sel.Packed
	if n == nil || n.Len() > maxLookedUp || len(c.sel.Ranges) > 0 {
		return nil
	}
	words := make([]string, n.Len())
	for i := range words {
		id, _ := n.At(i)
		words[i] = string(id)
	}
	l, err := fleet.ParseList(fleet.SIMList, "iccid:"+strings.Join(words, "|"), "id", "1", strconv.Itoa(maxLookedUp))
	if err != nil {
		return err
	}
	found, err := r.control().ListSIMs(r.Context(), r.caller, l)
	if err != nil {
		return err
	}
	counts, attached := make(map[fleet.SIMStatus]int), 0
	for _, s := range found.Items {
		counts[s.Status]++
		if s.Device != 0 {
			attached++
		}
	}
	c.source.Found = r.draftFound(counts, attached)
	return nil
}

func (r *request) chosenFile() (c chosen, problem string, err error) {
	file, head, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return c, text("move.file.none"), nil
	}
	if err != nil {
		return c, "", err
	}
	defer func() { _ = file.Close() }()
	name := path.Base(strings.ReplaceAll(head.Filename, `\`, "/"))
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return c, "", err
	}
	c, problem = chosenLines("file", name, file, head.Size, nil, nil)
	c.digest = hex.EncodeToString(sum.Sum(nil))
	return c, problem, nil
}

// rangeLine is a line of a pasted list that names a range.
var rangeLine = regexp.MustCompile(`^\s*(\d{19,20})\s*(?:to|–|-|\.\.\.?)\s*(\d{19,20})\s*$`)

func (r *request) chosenPaste() (c chosen, problem string) {
	lines := strings.Split(strings.ReplaceAll(r.PostForm.Get("iccids"), "\r\n", "\n"), "\n")
	var ranges []fleet.ICCIDRange
	var faults []fleet.DraftFault
	for i, line := range lines {
		m := rangeLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		lines[i] = ""
		between, err := parseRange(m[1], m[2])
		if err != nil {
			faults = append(faults, fleet.DraftFault{Line: i + 1, Message: err.Error()})
			continue
		}
		ranges = append(ranges, between)
	}
	rest := strings.Join(lines, "\n")
	if strings.TrimSpace(rest) == "" && len(ranges)+len(faults) == 0 {
		return c, text("move.paste.none")
	}
	return chosenLines("paste", "", strings.NewReader(rest), int64(len(rest)), ranges, faults)
}

func parseRange(from, to string) (r fleet.ICCIDRange, err error) {
	if r.Start, err = parseICCID(from); err != nil {
		return r, err
	}
	if r.End, err = parseICCID(to); err != nil {
		return r, err
	}
	if r.End < r.Start {
		return r, errors.New(text("move.range.order"))
	}
	if last, ok := r.Start.Add(fleet.MaxJobSIMs - 1); ok && r.End > last {
		return r, errors.New(text("move.range.large", number(fleet.MaxJobSIMs)))
	}
	return r, nil
}

func parseICCID(digits string) (fleet.ICCID, error) {
	if len(digits) > fleet.ICCIDLength {
		return fleet.ParseICCIDWithLuhn(digits)
	}
	return fleet.ParseICCID(digits)
}

// chosenLines reads a list of ICCIDs. Faulty lines are kept with the others.
func chosenLines(kind, name string, lines io.ReaderAt, size int64, ranges []fleet.ICCIDRange, faults []fleet.DraftFault) (c chosen, problem string) {
	c.source = fleet.DraftSource{Kind: kind, Name: name, Faults: faults, Faulty: len(faults)}
	c.sel.Ranges = ranges
	found, err := iccidfile.ReadSome("", func() (io.Reader, error) { return io.NewSectionReader(lines, 0, size), nil }, size, fleet.MaxDraftFaults)
	if err != nil {
		return c, text("move.file.unreadable", name, strings.TrimPrefix(err.Error(), "read : "))
	}
	if found.Numbers.Len() > fleet.MaxJobSIMs {
		return c, text("move.range.large", number(fleet.MaxJobSIMs))
	}
	if len(found.Faults) == 1 && found.Faults[0].Where.Line == 0 {
		if len(ranges)+len(faults) == 0 {
			return c, sentence(found.Faults[0].Message)
		}
		found.Faults, found.Faulty = nil, 0
	}
	c.source.Faulty += found.Faulty
	for _, f := range found.Faults {
		if len(c.source.Faults) < fleet.MaxDraftFaults {
			c.source.Faults = append(c.source.Faults, fleet.DraftFault{Line: f.Where.Line, Message: f.Message})
		}
	}
	c.source.SIMs, c.source.Twice = found.Numbers.Len(), found.Twice
	if found.Numbers.Len() > 0 {
		c.sel.Packed = found.Numbers
	}
	for _, between := range ranges {
		c.source.SIMs += spanOf(between)
	}
	return c, ""
}

// spanOf returns how many numbers a range has.
func spanOf(r fleet.ICCIDRange) int {
	low, high := 0, fleet.MaxJobSIMs
	for low < high {
		middle := (low + high) / 2
		if at, ok := r.Start.Add(middle); ok && at <= r.End {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
