package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/cli/bulk"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/iccidfile"
)

// selection is which SIMs are meant, as flags.
type selection struct {
	iccids []string
	ranges []string
	ids    []int64
	files  []string
	filter string
	from   string
}

func (s *selection) flags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&s.iccids, "iccid", nil, "an ICCID of 19 digits, or 20 with the check digit; can be repeated")
	cmd.Flags().StringSliceVar(&s.ranges, "iccid-range", nil, "every SIM from one ICCID to another, as A..B; can be repeated")
	cmd.Flags().Int64SliceVar(&s.ids, "sim-id", nil, "a SIM by its id; can be repeated")
	cmd.Flags().StringArrayVar(&s.files, "file", nil, "a list of ICCIDs: CSV, text or .xlsx; - for standard input; can be repeated")
	cmd.Flags().StringVar(&s.filter, "filter", "", "SIMs of the Workspace --from, such as status:suspended,endpoint:null")
	cmd.Flags().StringVar(&s.from, "from", "", "the Workspace to which --filter applies (default: your current one)")
}

func (s *selection) empty() bool {
	return len(s.iccids)+len(s.ranges)+len(s.ids)+len(s.files) == 0 && s.filter == ""
}

func (s *selection) check() error {
	switch {
	case s.empty():
		return usagef("there are no SIMs: name some with --iccid, --iccid-range, --sim-id, --file or --filter")
	case s.from != "" && s.filter == "":
		return usagef("--from needs --filter: use both")
	}
	stdin := 0
	for _, f := range s.files {
		if f == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		return usagef("--file - is given twice, but there is only one standard input: use it once")
	}
	for _, id := range s.ids {
		if id < 1 {
			return usagef("--sim-id: %d is not the id of a SIM: use a whole number from 1", id)
		}
	}
	return nil
}

// selectedSIMs is what can be known of a selection without asking a server.
type selectedSIMs struct {
	sims       []bulk.SIM
	ranges     []span
	duplicates []string
}

// span is every number from one to another.
type span struct{ first, last fleet.ICCID }

func (s span) String() string { return string(s.first) + ".." + string(s.last) }

func (s *selection) read(p Process) (w selectedSIMs, err error) {
	var list iccidfile.List
	for _, text := range s.iccids {
		if err := list.One("--iccid", text); err != nil {
			return w, usagef("--iccid: %w", err)
		}
	}
	for _, name := range s.files {
		if err := readFile(&list, p, name); err != nil {
			return w, err
		}
	}
	for _, n := range list.Numbers {
		w.sims = append(w.sims, bulk.SIM{ICCID: string(n.ICCID), Where: n.Where.String()})
	}
	for _, d := range list.Duplicates {
		w.duplicates = append(w.duplicates, fmt.Sprintf("%s: %s is already at %s", d.Where, d.ICCID, d.First))
	}
	seen := make(map[int64]bool)
	for _, id := range s.ids {
		if seen[id] {
			w.duplicates = append(w.duplicates, fmt.Sprintf("--sim-id: %d is given twice", id))
			continue
		}
		seen[id] = true
		w.sims = append(w.sims, bulk.SIM{ID: id, Where: "--sim-id"})
	}
	for _, text := range s.ranges {
		r, err := parseSpan(text)
		if err != nil {
			return w, usagef("--iccid-range: %w", err)
		}
		w.ranges = append(w.ranges, r)
	}
	return w, nil
}

func readFile(list *iccidfile.List, p Process, name string) error {
	if name == "-" {
		return list.Read("standard input", p.Stdin)
	}
	f, err := os.Open(name) //nolint:gosec // the user names the file
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read-only
	return list.Read(name, io.Reader(f))
}

// widestSpan bounds how many numbers a range may have: they are looked up 500 at a time.
const widestSpan = 1_000_000

func parseSpan(text string) (s span, err error) {
	first, last, found := strings.Cut(text, "..")
	if !found {
		return s, fmt.Errorf("%q must be two ICCIDs, such as 8988303000000001000..8988303000000001599", text)
	}
	var ends iccidfile.List
	if err := errors.Join(ends.One("", first), ends.One("", last)); err != nil {
		return s, err
	}
	s = span{ends.Numbers[0].ICCID, ends.Numbers[len(ends.Numbers)-1].ICCID}
	if s.last < s.first {
		return s, fmt.Errorf("%s is reversed: put the smaller ICCID first", text)
	}
	if end, ok := s.first.Add(widestSpan - 1); ok && s.last > end {
		return s, fmt.Errorf("%s has more than %d numbers: use several ranges, or --filter", text, widestSpan)
	}
	return s, nil
}

// digits keeps of a typed number what counts.
func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		if c == ',' || c == '.' || c == ' ' || c == '_' || c == '\'' {
			return -1
		}
		return 'x'
	}, s)
}

// resolveStatuses lets a filter name statuses as people do: status:suspended|issued.
func resolveStatuses(filter string) (string, error) {
	parts := strings.Split(filter, ",")
	for i, part := range parts {
		values, ok := strings.CutPrefix(strings.TrimSpace(part), "status:")
		if !ok {
			continue
		}
		var ids []string
		for word := range strings.SplitSeq(values, "|") {
			id, known := fleet.ByKeyword(fleet.SIMStatuses, strings.ReplaceAll(strings.ToLower(word), " ", "_"))
			if _, err := strconv.Atoi(word); err != nil && !known {
				return "", usagef("--filter: %q is not a status of a SIM: use one of %s", word, fleet.Keywords(fleet.SIMStatuses))
			} else if err != nil {
				word = strconv.Itoa(int(id))
			}
			ids = append(ids, word)
		}
		parts[i] = "status:" + strings.Join(ids, "|")
	}
	return strings.Join(parts, ","), nil
}
