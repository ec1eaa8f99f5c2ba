package world

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
)

// openCSV finds out how the file is written and reads its header. What is wrong with the
// header goes to p; err is a failure to read.
func openCSV(r io.Reader, what table, p *problems) (in *csv.Reader, columns []string, err error) {
	text := bufio.NewReaderSize(r, 64<<10)
	head, err := text.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("read the list: %w", err)
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		p.add(1, fleet.InvalidFormat, "it is UTF-16: save the file as CSV in UTF-8")
		return nil, nil, nil
	}
	if bom := []byte("\ufeff"); bytes.HasPrefix(head, bom) {
		_, _ = text.Discard(len(bom)) // cannot fail: these bytes were peeked at
		head = head[len(bom):]
	}
	in = csv.NewReader(text)
	in.Comma = separator(head)
	in.ReuseRecord = true
	columns, err = header(in, what, p)
	return in, columns, err
}

// separator is the one that the header uses most; no column's name has any of them.
func separator(head []byte) rune {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte("\n"))
	best, most := ',', bytes.Count(line, []byte(","))
	for _, c := range ";\t" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

func header(in *csv.Reader, what table, p *problems) ([]string, error) {
	record, err := in.Read()
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		p.add(1, fleet.Required, "the file is empty: its first line must name the columns, such as %s", strings.Join(what.columns, ","))
		return nil, nil
	case errors.As(err, &bad):
		p.add(bad.StartLine, fleet.InvalidFormat, "the quotes of the header are not balanced: remove them")
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the list: %w", err)
	}
	columns := make([]string, len(record))
	for i, name := range record {
		columns[i] = strings.ToLower(strings.TrimSpace(name))
	}
	line, _ := in.FieldPos(0)
	checkHeader(columns, line, what, p)
	return columns, nil
}

func checkHeader(columns []string, line int, what table, p *problems) {
	for i, c := range columns {
		switch {
		case !slices.Contains(what.columns, c):
			p.add(line, fleet.InvalidFormat, "unknown column %q: the first line must name the columns; known are %s", clip(c), strings.Join(what.columns, ", "))
		case slices.Contains(columns[:i], c):
			p.add(line, fleet.Duplicated, "column %s stands there twice: remove one of the two", c)
		}
	}
	if what.required != "" && !slices.Contains(columns, what.required) {
		p.add(line, fleet.Required, "column %s is missing: add it", what.required)
	}
}
