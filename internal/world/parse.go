package world

import (
	"io"

	"github.com/simferry/simferry/internal/fleet"
)

// maxProblems is the maximum number of faults of a world file in one error.
const maxProblems = 50

// Parse reads a world file; testdata/example.yaml shows every key. An empty file is an empty
// world.
//
// Objects referenced by id need not be in the file; faults that are visible from the file alone
// are reported. Errors are a *fleet.Error: ValidationFailed with one of Problems per fault, or
// TooLarge. A failure of r itself is returned unchanged.
func Parse(r io.Reader) (*World, error) {
	text, err := read(r)
	if err != nil {
		return nil, err
	}
	root, err := tree(text)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return &World{}, nil
	}
	p := &fleet.Problems{Limit: maxProblems}
	if top := newObject(place{line: root.GetToken().Position.Line}, root, p); top != nil {
		f := decode(top)
		f.check(p)
		if p.Total() == 0 {
			return f.world(), nil
		}
	}
	return nil, p.Err()
}

// entry is an object of the file with its position, for messages.
type entry[T any] struct {
	place
	value T
}

// file is a World with the positions of its objects.
type file struct {
	workspaces []entry[fleet.Workspace]
	users      []entry[User]
	devices    []entry[fleet.Device]
	sims       []entry[fleet.SIM]
	ranges     []entry[SIMRange]
	profiles   []entry[fleet.Profile]
	models     []entry[fleet.Model]
}

func decode(top *object) file {
	f := file{
		workspaces: section(top, "workspaces", decodeWorkspace),
		users:      section(top, "users", decodeUser),
		devices:    section(top, "devices", decodeDevice),
		sims:       section(top, "sims", decodeSIM),
		ranges:     section(top, "sim_ranges", decodeRange),
		profiles:   section(top, "profiles", decodeProfile),
		models:     section(top, "models", decodeModel),
	}
	top.done()
	return f
}

func section[T any](top *object, name string, decode func(*object) T) []entry[T] {
	objects := top.objects(name)
	entries := make([]entry[T], len(objects))
	for i, o := range objects {
		entries[i] = entry[T]{o.place, decode(o)}
		o.done()
	}
	return entries
}

func (f *file) world() *World {
	return &World{
		Workspaces: values(f.workspaces),
		Users:      values(f.users),
		Devices:    values(f.devices),
		SIMs:       values(f.sims),
		Ranges:     values(f.ranges),
		Profiles:   values(f.profiles),
		Models:     values(f.models),
	}
}

func values[T any](entries []entry[T]) []T {
	var list []T
	for _, e := range entries {
		list = append(list, e.value)
	}
	return list
}
