// Package arch holds the permitted imports and a test that fails when the code departs from
// them. The table is rules.go. A new package needs a row there, so that its place is decided
// rather than discovered.
package arch
