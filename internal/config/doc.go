// Package config holds the settings of one installation: a struct that is filled from,
// by rising precedence, defaults, a YAML file, the environment and flags.
//
// Every setting is one row of the table in settings.go. Its flag, its environment
// variable, its key in the file and its line in docs/operations/settings.md all follow
// from that row, so none of them can be forgotten.
//
//go:generate go test -run TestReference -update .
package config
