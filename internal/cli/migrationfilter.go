package cli

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
)

// migrationFilter are the flags of 'migrations list' that say which migrations to find. Each is
// one filter of the API.
type migrationFilter struct {
	iccid, reference, from, until string
	sim, user, source, target     int64
}

func migrationFilterFlags(cmd *cobra.Command) *migrationFilter {
	o := &migrationFilter{}
	f := cmd.Flags()
	f.StringVar(&o.iccid, "iccid", "", "only migrations of the SIM with this ICCID, of 19 or 20 digits")
	f.Int64Var(&o.sim, "sim", 0, "only migrations of the SIM with this id")
	f.StringVar(&o.reference, "reference", "", "only migrations with this reference, such as a ticket number")
	f.Int64Var(&o.user, "user", 0, "only migrations by the user with this id")
	f.Int64Var(&o.source, "source", 0, "only migrations out of the Workspace with this id")
	f.Int64Var(&o.target, "target", 0, "only migrations into the Workspace with this id")
	f.StringVar(&o.from, "from", "", "only migrations from this day or instant on, such as 2026-11-22 or 2026-11-22T08:00:00Z")
	f.StringVar(&o.until, "until", "", "only migrations up to the end of this day, or to this instant")
	return o
}

// add appends the flags to the text of --filter.
func (o *migrationFilter) add(filter string) (string, error) {
	var terms []string
	if filter != "" {
		terms = append(terms, filter)
	}
	if o.iccid != "" {
		id, err := fleet.ParseICCIDWithLuhn(strings.TrimSpace(o.iccid))
		if err != nil {
			return "", usagef("--iccid: %v", err)
		}
		terms = append(terms, "iccid:"+string(id))
	}
	for _, n := range []struct {
		field string
		id    int64
	}{{"sim", o.sim}, {"user", o.user}, {"source_workspace", o.source}, {"target_workspace", o.target}} {
		if n.id != 0 {
			terms = append(terms, n.field+":"+strconv.FormatInt(n.id, 10))
		}
	}
	for _, t := range []struct{ flag, text string }{{"reference", o.reference}, {"from", o.from}, {"until", o.until}} {
		if strings.ContainsAny(t.text, ",|") {
			return "", usagef("--%s: a filter cannot contain a comma or |: leave the flag out and search in the output", t.flag)
		}
		if t.text != "" {
			terms = append(terms, t.flag+":"+t.text)
		}
	}
	return strings.Join(terms, ","), nil
}
