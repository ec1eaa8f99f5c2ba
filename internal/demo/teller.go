package demo

import (
	"fmt"
	"io"
	"strings"
)

// width is the width of the text, which fits any terminal.
const width = 80

// timeForm formats times, which are in UTC.
const timeForm = "2006-01-02 15:04:05 UTC"

// printer writes the text of the demo. It keeps the first error of out.
type printer struct {
	out   io.Writer
	color bool
	err   error
}

func (t *printer) line(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.out, s+"\n")
	}
}

func (t *printer) linef(format string, args ...any) { t.line(fmt.Sprintf(format, args...)) }

func (t *printer) title(s string) {
	t.line(t.strong(s))
	t.line("")
}

func (t *printer) heading(s string) {
	t.line("")
	t.line(t.strong(s))
	t.line("")
}

// prose breaks a paragraph into lines.
func (t *printer) prose(s string) {
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			t.line(line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	t.line(line)
}

// explain explains a response.
func (t *printer) explain(s string) {
	t.line("")
	t.prose(s)
}

// The colours carry no information that the text lacks.
func (t *printer) strong(s string) string { return t.paint("1", s) }
func (t *printer) faint(s string) string  { return t.paint("2", s) }
func (t *printer) good(s string) string   { return t.paint("32", s) }
func (t *printer) bad(s string) string    { return t.paint("31", s) }

func (t *printer) paint(code, s string) string {
	if !t.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
