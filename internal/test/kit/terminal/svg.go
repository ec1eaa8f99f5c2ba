package terminal

import (
	"fmt"
	"html"
	"strings"
)

// Theme has the colours of a picture.
type Theme struct {
	background, border, text, faint string
	colors                          map[int]string // by the codes of the terminal, 31 to 37
}

// The themes of pictures, in GitHub's colours, so that a picture belongs to the page around it.
var (
	Light = Theme{
		background: "#ffffff", border: "#d0d7de", text: "#1f2328", faint: "#59636e",
		colors: map[int]string{31: "#cf222e", 32: "#1a7f37", 33: "#9a6700", 34: "#0969da", 35: "#8250df", 36: "#1b7c83"},
	}
	Dark = Theme{
		background: "#0d1117", border: "#3d444d", text: "#f0f6fc", faint: "#9198a1",
		colors: map[int]string{31: "#ff7b72", 32: "#3fb950", 33: "#d29922", 34: "#58a6ff", 35: "#bc8cff", 36: "#39c5cf"},
	}
)

// Measures of the picture in pixels.
const (
	charWidth  = 7.83
	lineHeight = 19
	margin     = 16
)

// SVG draws the screen. The label describes it to readers who cannot see it.
func (s *Screen) SVG(theme Theme, label string) string {
	lines := s.trimmed()
	columns := 0
	for _, line := range lines {
		columns = max(columns, len(line))
	}
	width := int(float64(columns)*charWidth) + 2*margin
	height := len(lines)*lineHeight + 2*margin - 4
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, html.EscapeString(label))
	fmt.Fprintf(&svg, `<rect x=".5" y=".5" width="%d" height="%d" rx="8" fill="%s" stroke="%s"/>`+"\n", width-1, height-1, theme.background, theme.border)
	fmt.Fprintf(&svg, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" fill="%s" xml:space="preserve">`+"\n", theme.text)
	for i, line := range lines {
		if len(line) > 0 {
			fmt.Fprintf(&svg, `<text x="%d" y="%d">%s</text>`+"\n", margin, margin+10+i*lineHeight, theme.spans(line))
		}
	}
	svg.WriteString("</g>\n</svg>\n")
	return svg.String()
}

// trimmed returns the lines without spaces at their ends, and without empty lines at the end.
func (s *Screen) trimmed() [][]cell {
	var lines [][]cell
	for _, line := range s.lines {
		for len(line) > 0 && line[len(line)-1].char == ' ' {
			line = line[:len(line)-1]
		}
		lines = append(lines, line)
	}
	for len(lines) > 0 && len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// spans writes a line, with an element around each part that has a style.
func (t Theme) spans(line []cell) string {
	var text strings.Builder
	for i := 0; i < len(line); {
		end := i
		var part strings.Builder
		for ; end < len(line) && line[end].style == line[i].style; end++ {
			part.WriteRune(line[end].char)
		}
		escaped := strings.ReplaceAll(html.EscapeString(part.String()), " ", "&#160;") // spaces would collapse
		if attributes := t.attributes(line[i].style); attributes != "" {
			escaped = "<tspan" + attributes + ">" + escaped + "</tspan>"
		}
		text.WriteString(escaped)
		i = end
	}
	return text.String()
}

func (t Theme) attributes(s style) string {
	var attributes string
	switch {
	case s.faint:
		attributes += fmt.Sprintf(" fill=%q", t.faint)
	case s.color != 0:
		attributes += fmt.Sprintf(" fill=%q", t.colors[s.color%10+30])
	}
	if s.bold {
		attributes += ` font-weight="bold"`
	}
	return attributes
}
