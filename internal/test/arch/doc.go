// Package arch holds the design's arrows, who may import whom, and a test that fails
// where the code departs from them. The table is rules.go. A new package needs a row
// there, so that where it belongs is decided rather than found out.
package arch
