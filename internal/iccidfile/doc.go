// Package iccidfile reads ICCIDs from files that people have: an exported spreadsheet, a list
// in a mail, a pasted column. It forgives form (separators, spaces, quotes, byte order marks,
// line ends) but never content: a number that is not certainly an ICCID is a fault with its
// line, and a text with one fault gives no numbers at all.
package iccidfile
