package world

import (
	"strconv"

	"github.com/simferry/simferry/internal/fleet"
)

func decodeModel(o *object) fleet.Model {
	o.require("id", "description")
	return fleet.Model{
		ID:           id[fleet.ModelID](o, "id"),
		Description:  parsed(o, "description", fleet.ParseName),
		MemorySize:   digits(o, "memory_size", parseMemory),
		FormFactor:   decodePart(o, "formfactor"),
		Manufacturer: decodePart(o, "manufacturer"),
	}
}

// decodePart reads {id: 2, name: 3FF}; a missing one is the part of the standard model.
func decodePart(o *object, name string) fleet.ModelPart {
	n := o.take(name)
	if n == nil {
		return fleet.ModelPart{ID: 1, Name: "Unknown"}
	}
	part := newObject(place{o.key(name), n.GetToken().Position.Line}, n, o.problems)
	if part == nil {
		return fleet.ModelPart{}
	}
	part.require("id", "name")
	defer part.done()
	return fleet.ModelPart{ID: id[int64](part, "id"), Name: parsed(part, "name", fleet.ParseName)}
}

func parseMemory(s string) (int64, error) {
	text, err := parseDigits(s, 1, 9)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}
