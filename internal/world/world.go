package world

import (
	"iter"

	"github.com/simferry/simferry/internal/fleet"
)

// World is what a world file describes, in the file's order. Times of creation are zero, as is
// the Issuer of a SIM without one in the file; the caller sets them when it stores them.
type World struct {
	Workspaces []fleet.Workspace
	Users      []User
	Devices    []fleet.Device
	SIMs       []fleet.SIM
	Ranges     []SIMRange
	Profiles   []fleet.Profile
	Models     []fleet.Model
}

// User is a user of the file. PasswordHash is empty.
type User struct {
	fleet.User
	Password   string // plain text; "" if the file has none: the user then cannot sign in with a password
	SuperAdmin bool   // Administrator of every Workspace
	Roles      map[fleet.WorkspaceID]fleet.Role
}

// AllSIMs returns the SIMs of the file: first those listed, then those of the ranges. They are
// generated on demand, to save memory.
func (w *World) AllSIMs() iter.Seq[fleet.SIM] {
	return func(yield func(fleet.SIM) bool) {
		for _, s := range w.SIMs {
			if !yield(s) {
				return
			}
		}
		for _, r := range w.Ranges {
			for s := range r.SIMs() {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// SIMCount returns how many SIMs AllSIMs has.
func (w *World) SIMCount() int {
	n := len(w.SIMs)
	for _, r := range w.Ranges {
		n += r.Count
	}
	return n
}
