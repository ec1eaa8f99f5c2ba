package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/client"
)

// listForm is the form in which a list is printed, a pflag.Value.
type listForm string

const asCSV listForm = "csv"

func (f *listForm) String() string { return string(*f) }
func (f *listForm) Type() string   { return "table|json|csv" }
func (f *listForm) Set(s string) error {
	if s != string(asTable) && s != string(asJSON) && s != string(asCSV) {
		return errors.New("must be table, json or csv")
	}
	*f = listForm(s)
	return nil
}

// lister is a command that prints a list of the API.
type lister[T any] struct {
	cmd     *cobra.Command
	page    func(ctx context.Context, c *client.Client, o client.ListOptions) (*client.Page[T], error)
	columns []column[T]
	filter  func(string) (string, error) // may be nil

	process Process
	profile *string
	options client.ListOptions
	limit   int
	in      string
	form    listForm
}

// column is one of a list. Wide ones are left out of tables: they are for programs.
type column[T any] struct {
	name string
	wide bool
	of   func(T) any // "" for none
}

// tableLimit is how many rows a table has unless asked otherwise: more are for programs.
const tableLimit = 100

const allOfThem = -1

// command adds the flags that every list has.
func (l *lister[T]) command(p Process) *cobra.Command {
	l.process, l.form = p, listForm(asTable)
	l.profile = profileFlag(l.cmd, p)
	f := l.cmd.Flags()
	f.StringVar(&l.options.Filter, "filter", "", "as field:value,field:value; several values as value|value")
	f.StringVar(&l.options.Sort, "sort", "", "as field,-field; - is descending")
	f.IntVar(&l.limit, "limit", allOfThem, fmt.Sprintf("print so many at most; without it %d in a table, else all", tableLimit))
	f.StringVar(&l.in, "in", "", "a Workspace, by id or name, instead of your own")
	f.VarP(&l.form, "output", "o", "form of the answer")
	_ = l.cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{string(asTable), string(asJSON), string(asCSV)}, cobra.ShellCompDirectiveNoFileComp))
	_ = l.cmd.RegisterFlagCompletionFunc("in", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return p.completeWorkspaces(cmd.Context(), *l.profile), cobra.ShellCompDirectiveNoFileComp
	})
	l.cmd.RunE = func(cmd *cobra.Command, _ []string) error { return l.run(cmd.Context()) }
	return l.cmd
}

func (l *lister[T]) run(ctx context.Context) (err error) {
	if l.filter != nil {
		if l.options.Filter, err = l.filter(l.options.Filter); err != nil {
			return err
		}
	}
	c, err := l.process.within(ctx, *l.profile, l.in)
	if err != nil {
		return err
	}
	if l.limit == allOfThem && l.form == listForm(asTable) {
		l.limit = tableLimit
	}
	items, total, err := l.collect(ctx, c)
	if client.IsInvalid(err) {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	if err := l.print(items); err != nil {
		return err
	}
	if len(items) < total {
		_, _ = fmt.Fprintf(l.process.Stderr, "%s of %s: --limit %d prints all\n", thousands(len(items)), thousands(total), total)
	}
	return nil
}

// collect reads pages up to the limit.
func (l *lister[T]) collect(ctx context.Context, c *client.Client) (items []T, total int, err error) {
	limit := l.limit
	if limit < 0 {
		limit = math.MaxInt
	} else {
		l.options.PerPage = max(1, limit)
	}
	for l.options.Page = 1; ; l.options.Page++ {
		page, err := l.page(ctx, c, l.options)
		if err != nil {
			return nil, 0, err
		}
		if page.Page != 0 && page.Page < l.options.Page {
			return items, len(items), nil // the list has become shorter meanwhile
		}
		items = append(items, page.Items...)
		if len(items) >= limit {
			return items[:limit], page.Total, nil
		}
		if len(page.Items) == 0 || l.options.Page >= page.TotalPages {
			return items, page.Total, nil
		}
	}
}

func (l *lister[T]) print(items []T) error {
	w := l.process.Stdout
	switch l.form {
	case listForm(asJSON):
		if items == nil {
			items = []T{}
		}
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(items)
	case asCSV:
		return l.csv(w, items)
	}
	a := answer{}
	for _, c := range l.columns {
		if !c.wide {
			a.header = append(a.header, c.name)
		}
	}
	for _, item := range items {
		var row table.Row
		for _, c := range l.columns {
			if !c.wide {
				row = append(row, orDashAny(c.of(item)))
			}
		}
		a.rows = append(a.rows, row)
	}
	form := asTable
	return form.print(w, a)
}

func orDashAny(v any) any {
	if v == "" || v == nil {
		return "-"
	}
	return v
}

func (l *lister[T]) csv(w io.Writer, items []T) error {
	out := csv.NewWriter(w)
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = c.name
	}
	_ = out.Write(names) // Error below is the one that there was
	for _, item := range items {
		for i, c := range l.columns {
			names[i] = fmt.Sprint(c.of(item))
		}
		_ = out.Write(names)
	}
	out.Flush()
	return out.Error()
}

// within is the client of a profile in a Workspace, by id or name; "" is its own.
func (p Process) within(ctx context.Context, profile, workspace string) (*client.Client, error) {
	c, known, err := p.connect(profile)
	if err != nil || workspace == "" {
		return c, err
	}
	list, err := administered(ctx, c, known)
	if err != nil {
		return nil, err
	}
	w, err := list.find("--in", workspace)
	if err != nil {
		return nil, err
	}
	return c.InWorkspace(w.ID), nil
}
