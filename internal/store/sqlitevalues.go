package store

import (
	"fmt"
	"strings"
)

// SQLite inserts many rows fastest as VALUES with a parameter per value: extracting them from
// JSON costs three times the insert itself. A statement has one of three sizes, so that few
// texts are kept prepared.
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

// valuesText fills rows into the place of %s in a statement. A row has bare question marks:
// SQLite looks up the name of a numbered parameter at every binding.
func valuesText(statement, row string) valuesTexts {
	texts := make(valuesTexts, len(chunkSizes))
	for _, size := range chunkSizes {
		texts[size] = fmt.Sprintf(statement, strings.Repeat(row+", ", size-1)+row)
	}
	return texts
}
