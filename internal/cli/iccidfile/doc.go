// Package iccidfile reads the ICCIDs out of what people have: an exported spreadsheet, a
// list in a mail, a column pasted from somewhere. It forgives form (separators, spaces,
// quotes, byte order marks, line ends) and never content: a number that is not certainly
// an ICCID is a fault with its line, and a text with one fault gives no numbers at all.
package iccidfile
