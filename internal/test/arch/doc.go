// Package arch has tests of the repository: imports, language, line lengths and pages. rules.go
// lists the permitted imports; a new package needs a row there.
package arch
