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
	iccid, reference string
	sim, user, job   int64
	times            timeFilter
	workspaces       []*workspaceTerm
}

func migrationFilterFlags(cmd *cobra.Command) *migrationFilter {
	o := &migrationFilter{times: timeFilter{of: "migrations"}}
	f := cmd.Flags()
	f.StringVar(&o.iccid, "iccid", "", "only migrations of the SIM with this ICCID, of 19 or 20 digits")
	f.Int64Var(&o.sim, "sim", 0, "only migrations of the SIM with this id")
	f.StringVar(&o.reference, "reference", "", "only migrations with this reference, such as a ticket number")
	f.Int64Var(&o.user, "user", 0, "only migrations by the user with this id")
	f.Int64Var(&o.job, "job", 0, "only migrations of the job with this id")
	source, target := &workspaceTerm{flag: "--source", field: "source_workspace"}, &workspaceTerm{flag: "--target", field: "target_workspace"}
	f.StringVar(&source.text, "source", "", "only migrations out of this Workspace, by id or name")
	f.StringVar(&target.text, "target", "", "only migrations into this Workspace, by id or name")
	o.workspaces = []*workspaceTerm{source, target}
	o.times.flags(cmd)
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
	}{{"sim", o.sim}, {"user", o.user}, {"job", o.job}} {
		if n.id != 0 {
			terms = append(terms, n.field+":"+strconv.FormatInt(n.id, 10))
		}
	}
	if strings.ContainsAny(o.reference, ",|") {
		return "", usagef("--reference: a filter cannot contain a comma or |: leave the flag out and search in the output")
	}
	if o.reference != "" {
		terms = append(terms, "reference:"+o.reference)
	}
	return o.times.add(strings.Join(terms, ","))
}

// timeFilter are the flags that select what happened in a time. Each is one filter of the API.
type timeFilter struct {
	of          string // such as events
	from, until string
}

func (o *timeFilter) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.from, "from", "", "only "+o.of+" from this day or instant on, such as 2026-11-22 or 2026-11-22T08:00:00Z")
	cmd.Flags().StringVar(&o.until, "until", "", "only "+o.of+" up to the end of this day, or to this instant")
}

// add appends the flags to the text of --filter.
func (o *timeFilter) add(filter string) (string, error) {
	for _, t := range []struct{ flag, text string }{{"from", o.from}, {"until", o.until}} {
		if strings.ContainsAny(t.text, ",|") {
			return "", usagef("--%s: %q must be a day or an instant, such as 2026-11-22 or 2026-11-22T08:00:00Z", t.flag, t.text)
		}
		if t.text != "" {
			filter = strings.TrimPrefix(filter+","+t.flag+":"+t.text, ",")
		}
	}
	return filter, nil
}
