// Package config holds the settings of one installation. A Config is filled from defaults, a
// YAML file, the environment and flags, with rising precedence.
//
// Every setting is one row of the table in settings.go. Its flag, its environment variable, its
// key in the file and its line in docs/operations/settings.md are all derived from that row.
//
//go:generate go test -run TestReference -update .
package config
