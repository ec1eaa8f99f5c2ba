package store

import (
	"fmt"
	"strings"
)

// SQLite takes many rows best as VALUES with a parameter per value: taking them out of a
// JSON text, value by value, costs three times the insert itself. A statement has one of
// three sizes, so that few texts have to be kept prepared.
var chunkSizes = [...]int{64, 8, 1}

// inChunks splits n rows into runs of those sizes.
func inChunks(n int, do func(first, size int) error) error {
	first := 0
	for _, size := range chunkSizes {
		for n-first >= size {
			if err := do(first, size); err != nil {
				return err
			}
			first += size
		}
	}
	return nil
}

// valuesTexts are the texts of one statement, by the number of rows.
type valuesTexts map[int]string

// valuesText fills rows into the place of %s in a statement. A row has bare question
// marks: SQLite looks a numbered parameter's name up in a list, at every binding.
func valuesText(statement, row string) valuesTexts {
	texts := make(valuesTexts, len(chunkSizes))
	for _, size := range chunkSizes {
		texts[size] = fmt.Sprintf(statement, strings.Repeat(row+", ", size-1)+row)
	}
	return texts
}
