// Package terminal runs a program on a pseudo-terminal, reads its output as a terminal would, and
// draws the resulting screen as an SVG file.
package terminal
