package terminal

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// cell is a character of the screen.
type cell struct {
	char  rune
	style style
}

// style is how a character looks: a colour of the terminal's sixteen (30 to 37, 90 to 97; 0 is
// the default), bold or faint.
type style struct {
	color       int
	bold, faint bool
}

// Screen is the content of a terminal. It interprets the control sequences that simferry and its
// progress bar send, and reports others as an error. Lines do not wrap.
type Screen struct {
	lines    [][]cell
	row, col int
	style    style
}

// control matches one control sequence at the beginning of a text.
var control = regexp.MustCompile(`^\x1b\[([0-9;]*)([A-Za-z])`)

// Read shows the output of a program.
func Read(output string) (*Screen, error) {
	s := &Screen{lines: [][]cell{nil}}
	for output != "" {
		if m := control.FindStringSubmatch(output); m != nil {
			if err := s.control(m[1], m[2]); err != nil {
				return nil, err
			}
			output = output[len(m[0]):]
			continue
		}
		r, size := utf8.DecodeRuneInString(output)
		output = output[size:]
		s.put(r)
	}
	return s, nil
}

func (s *Screen) put(r rune) {
	switch r {
	case '\r':
		s.col = 0
	case '\n':
		s.row++
		for len(s.lines) <= s.row {
			s.lines = append(s.lines, nil)
		}
	default:
		line := s.lines[s.row]
		for len(line) <= s.col {
			line = append(line, cell{char: ' '})
		}
		line[s.col] = cell{r, s.style}
		s.lines[s.row] = line
		s.col++
	}
}

func (s *Screen) control(parameters, final string) error {
	switch final {
	case "K":
		keep := s.col
		if parameters == "2" { // the whole line, not only what follows the cursor
			keep = 0
		}
		s.lines[s.row] = s.lines[s.row][:min(keep, len(s.lines[s.row]))]
	case "m":
		for p := range strings.SplitSeq(parameters, ";") {
			n, _ := strconv.Atoi(p) // an empty parameter is 0
			switch {
			case n == 0:
				s.style = style{}
			case n == 1:
				s.style.bold = true
			case n == 2:
				s.style.faint = true
			case n >= 30 && n <= 37 || n >= 90 && n <= 97:
				s.style.color = n
			case n == 39:
				s.style.color = 0
			default:
				return fmt.Errorf("unknown style %d", n)
			}
		}
	default:
		return fmt.Errorf("unknown control sequence %q", parameters+final)
	}
	return nil
}

// Text returns the lines of the screen without styles, and without spaces at their ends.
func (s *Screen) Text() string {
	var text strings.Builder
	for _, line := range s.lines {
		var row strings.Builder
		for _, c := range line {
			row.WriteRune(c.char)
		}
		text.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return strings.TrimRight(text.String(), "\n") + "\n"
}
