package fleet

import "strings"

// Model is a model of SIM cards.
type Model struct {
	ID           ModelID
	Description  string
	MemorySize   int64 // kilobytes, 0 if unknown
	FormFactor   ModelPart
	Manufacturer ModelPart
}

// ModelPart is a reference of a Model: its size, or its manufacturer.
type ModelPart struct {
	ID   int64
	Name string
}

// StandardModel is the model of SIMs that were imported without one. Every database has it.
const StandardModel ModelID = 1

// BICLength is the number of digits of a batch code.
const BICLength = 16

// ParseBIC parses a batch code: exactly 16 digits, optionally after the "#" that is printed on
// the box.
func ParseBIC(s string) (string, error) {
	s = strings.TrimPrefix(s, "#")
	if len(s) != BICLength {
		return "", Errorf(BadRequest, "%q is not a valid batch code: it has %d characters, not %d digits", Clip(s), len(s), BICLength)
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return "", Errorf(BadRequest, "%q is not a valid batch code: it must be exactly %d digits", Clip(s), BICLength)
		}
	}
	return s, nil
}
