package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/client"
	"github.com/simferry/simferry/internal/cli/profile"
	"github.com/simferry/simferry/internal/tablefile"
	"github.com/simferry/simferry/internal/termtext"
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
	polled  bool                         // programs poll the list: it has --after
	inside  []*workspaceTerm             // flags that name Workspaces to filter by

	process Process
	profile *string
	options client.ListOptions
	limit   int
	number  int // of the page; 0 for all from the first
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

const noLimit = -1

// command adds the flags that every list has.
func (l *lister[T]) command(p Process) *cobra.Command {
	l.process, l.form = p, listForm(asTable)
	l.profile = profileFlag(l.cmd, p)
	f := l.cmd.Flags()
	f.StringVar(&l.options.Filter, "filter", "", "field:value,field:value; several values as value|value")
	f.StringVar(&l.options.Sort, "sort", "", "field,-field; - sorts in descending order")
	f.IntVar(&l.limit, "limit", noLimit, fmt.Sprintf("most items to print (default: %d in a table, all as JSON or CSV)", tableLimit))
	f.IntVar(&l.number, "page", 0, fmt.Sprintf("print only this page of --limit items, from 1; without --limit a page has %d items", tableLimit))
	if l.polled {
		f.Int64Var(&l.options.After, "after", 0, "only items with a higher id, by ascending ids; a program that polls with the last id misses nothing; 0 reads all")
		l.cmd.MarkFlagsMutuallyExclusive("after", "page")
	}
	f.StringVar(&l.in, "in", "", "the Workspace, by id or name (default: your current one)")
	f.VarP(&l.form, "output", "o", "output format")
	_ = l.cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{string(asTable), string(asJSON), string(asCSV)}, cobra.ShellCompDirectiveNoFileComp))
	_ = l.cmd.RegisterFlagCompletionFunc("in", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return p.completeWorkspaces(cmd.Context(), *l.profile), cobra.ShellCompDirectiveNoFileComp
	})
	l.cmd.RunE = func(cmd *cobra.Command, _ []string) error { return l.run(cmd.Context()) }
	return l.cmd
}

func (l *lister[T]) run(ctx context.Context) (err error) {
	if err := l.check(); err != nil {
		return err
	}
	if l.polled && l.cmd.Flags().Changed("after") {
		l.options.FromStart, l.options.Sort = true, "id"
	}
	if l.filter != nil {
		if l.options.Filter, err = l.filter(l.options.Filter); err != nil {
			return err
		}
	}
	c, err := l.process.within(ctx, *l.profile, l.in)
	if err != nil {
		return err
	}
	if err := l.filterWorkspaces(ctx, c); err != nil {
		return err
	}
	if l.limit == noLimit && (l.form == listForm(asTable) || l.number != 0) {
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
	l.note(len(items), total)
	return nil
}

// workspaceTerm is a flag that names a Workspace, and the filter of the API that it stands for.
type workspaceTerm struct{ flag, field, text string }

// filterWorkspaces adds the Workspaces that flags name to the filter.
func (l *lister[T]) filterWorkspaces(ctx context.Context, c *client.Client) error {
	var list named
	for _, t := range l.inside {
		if t.text == "" {
			continue
		}
		if list == nil {
			var err error
			if list, _, err = memberships(ctx, c, profile.Profile{}); err != nil && !listNotNeeded(t.text, err) {
				return err
			}
		}
		w, err := list.find(t.flag, t.text, notAMember)
		if err != nil {
			return err
		}
		l.options.Filter = strings.TrimPrefix(fmt.Sprintf("%s,%s:%d", l.options.Filter, t.field, w.ID), ",")
	}
	return nil
}

// check refuses numbers that no page has.
func (l *lister[T]) check() error {
	switch given := l.cmd.Flags().Changed; {
	case l.limit < 0 && given("limit"):
		return usagef("--limit: must be 0 or more")
	case l.number < 1 && given("page"):
		return usagef("--page: must be 1 or more")
	case l.number > 0 && l.limit == 0:
		return usagef("--page needs a --limit of at least 1")
	case l.options.After < 0:
		return usagef("--after: %d is not an id: use the id of the last item that you have, or 0", l.options.After)
	case l.polled && given("after") && l.options.Sort != "" && l.options.Sort != "id":
		return usagef("--after needs the list sorted by id: leave out --sort")
	}
	return nil
}

// note says how much of the list was printed.
func (l *lister[T]) note(n, total int) {
	switch {
	case l.number != 0:
		first := (l.number-1)*l.limit + 1
		_, _ = printf(l.process.Stderr, "%s to %s of %s: page %d of %d\n", thousands(first), thousands(first+n-1), thousands(total),
			l.number, max(1, (total+l.limit-1)/l.limit))
	case n < total:
		_, _ = printf(l.process.Stderr, "%s of %s: --limit %d prints all, --page 2 the next page\n", thousands(n), thousands(total), total)
	}
}

// collect reads the page that was asked for, or else from the first page up to the limit. A
// list that changes while its numbered pages are read is read again.
func (l *lister[T]) collect(ctx context.Context, c *client.Client) (items []T, total int, err error) {
	if l.number != 0 {
		return l.onePage(ctx, c)
	}
	for range maxPasses {
		items, total, err = l.upTo(ctx, c, l.limit)
		if !errors.Is(err, client.ErrListChanged) {
			return items, total, err
		}
	}
	return nil, 0, err
}

// upTo reads pages until it has limit items; a negative limit means all.
func (l *lister[T]) upTo(ctx context.Context, c *client.Client, limit int) (items []T, total int, err error) {
	o := l.options
	if limit < 0 {
		limit = math.MaxInt
	} else {
		o.PerPage = max(1, limit)
	}
	read := func(ctx context.Context, o client.ListOptions) (*client.Page[T], error) { return l.page(ctx, c, o) }
	first := true
	for page, err := range client.Walk(ctx, o, read) {
		if err != nil {
			return nil, 0, err
		}
		if first {
			total, first = page.Total, false
		}
		items = append(items, page.Items...)
		if len(items) >= limit {
			return items[:limit], total, nil
		}
	}
	return items, len(items), nil
}

// onePage reads the page --page of --limit items.
func (l *lister[T]) onePage(ctx context.Context, c *client.Client) (items []T, total int, err error) {
	o := l.options
	o.Page, o.PerPage = l.number, l.limit
	page, err := l.page(ctx, c, o)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case page.PerPage != 0 && page.PerPage < l.limit:
		return nil, 0, usagef("--limit: a page of this server has at most %d items", page.PerPage)
	case page.Page != 0 && page.Page < l.number, len(page.Items) == 0 && l.number > 1:
		return nil, 0, usagef("--page: there is no page %d: the list has %d items, on %d %s of %d",
			l.number, page.Total, page.TotalPages, plural(page.TotalPages, "page", "pages"), l.limit)
	}
	return page.Items, page.Total, nil
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
	cells := make([]string, len(l.columns))
	for i, c := range l.columns {
		cells[i] = c.name
	}
	out, err := tablefile.NewWriter(w, cells...)
	for _, item := range items {
		for i, c := range l.columns {
			cells[i] = termtext.Escape(fmt.Sprint(c.of(item)))
		}
		err = errors.Join(err, out.Write(cells...))
	}
	return errors.Join(err, out.Close())
}

// within returns the client of a profile in a Workspace, by id or name; "" is its own.
func (p Process) within(ctx context.Context, profile, workspace string) (*client.Client, error) {
	c, known, err := p.connect(profile)
	if err != nil || workspace == "" {
		return c, err
	}
	list, _, err := memberships(ctx, c, known)
	if err != nil {
		return nil, err
	}
	w, err := list.find("--in", workspace, notAMember)
	if err != nil {
		return nil, err
	}
	return c.InWorkspace(w.ID), nil
}
