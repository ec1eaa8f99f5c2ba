package cli

import (
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/simferry/simferry/internal/fleet"
)

// output is the format of a command's result, a pflag.Value.
type output string

const (
	asTable output = "table"
	asJSON  output = "json"
)

func (o *output) String() string { return string(*o) }
func (o *output) Type() string   { return "table|json" }
func (o *output) Set(s string) error {
	if s != string(asTable) && s != string(asJSON) {
		return errors.New("must be table or json")
	}
	*o = output(s)
	return nil
}

func outputFlag(cmd *cobra.Command) *output {
	o := asTable
	cmd.Flags().VarP(&o, "output", "o", "output format")
	return &o
}

// answer is the result of a command: rows for users, a value for programs.
type answer struct {
	header table.Row
	rows   []table.Row
	value  any
}

func (o *output) print(w io.Writer, a answer) error {
	if *o == asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(a.value)
	}
	_, err := io.WriteString(w, a.table(w, 0)+"\n")
	return err
}

// table returns the rows as a table for w, each line after a margin of spaces.
func (a answer) table(w io.Writer, margin int) string {
	t := table.NewWriter()
	t.SetStyle(plain)
	t.SuppressTrailingSpaces()
	t.AppendHeader(a.header)
	rows := make([]table.Row, len(a.rows))
	for i, row := range a.rows {
		rows[i] = escapeArgs(row)
	}
	t.AppendRows(rows)
	fit(w, t, a.header, rows, margin)
	return t.Render()
}

// plain has nothing that a person must look past, or that awk would stumble over.
var plain = func() table.Style {
	s := table.StyleDefault
	s.Options = table.OptionsNoBordersAndSeparators
	s.Box.PaddingLeft, s.Box.PaddingRight = "", "  "
	return s
}()

// word returns the world file's spelling of an entry of a closed list.
func word[T ~int8](list []fleet.Named[T], id T) string {
	for _, n := range list {
		if n.ID == id {
			return n.Keyword()
		}
	}
	return ""
}

// orDash shows that there is none.
func orDash[T comparable](v T) any {
	var none T
	if v == none {
		return "-"
	}
	return v
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }
