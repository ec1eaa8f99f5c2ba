// Package world reads the two files with which an operator loads data into an installation: the
// world file (Parse), which describes Workspaces, users, devices, SIMs and profiles in YAML,
// and the SIM list (ReadSIMs), a CSV file as spreadsheets write it.
//
// Both readers are strict, and both continue after an error: they return a *fleet.Error whose
// Problems name every fault with its line and what to do, in the order of the lines, up to a
// limit. Its Message is the first of them. Neither reader uses a database; referenced objects
// may exist there.
//
// The YAML that Parse understands is plain: mappings, lists, texts in one line, numbers, true
// and false. JSON is a subset of it. Anchors, aliases, tags, merge keys and block texts are
// rejected, because none of them is needed and each can hide what is loaded. A null counts as
// absent. Numbers that are names (iccid, imsi, msisdn, eid) are taken digit by digit as they
// are written, quoted or not, so no digit is ever rounded away; a number in scientific notation
// is refused.
package world
