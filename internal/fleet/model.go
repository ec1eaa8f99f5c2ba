package fleet

import "strings"

// Model is a kind of card.
type Model struct {
	ID           ModelID
	Description  string
	MemorySize   int64 // kilobytes, 0 if unknown
	FormFactor   ModelPart
	Manufacturer ModelPart
}

// ModelPart is one of the look-ups that a Model refers to: its size, or who made it.
type ModelPart struct {
	ID   int64
	Name string
}

// StandardModel is the one of SIMs of which nobody said more. Every database has it.
const StandardModel ModelID = 1

// BICLength is how many digits the code of a batch has.
const BICLength = 16

// ParseBIC takes the code of a batch of SIMs: exactly 16 digits, perhaps behind the "#" that is
// printed on the box.
func ParseBIC(s string) (string, error) {
	s = strings.TrimPrefix(s, "#")
	if len(s) != BICLength {
		return "", Errorf(BadRequest, "%q is no code of a batch: it has %d characters, not %d digits", clip(s), len(s), BICLength)
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return "", Errorf(BadRequest, "%q is no code of a batch: it must be exactly %d digits", clip(s), BICLength)
		}
	}
	return s, nil
}
