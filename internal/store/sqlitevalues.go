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

// valuesText fills "(...), (...)" into the place of %s in a statement. row is one such
// pair of brackets with a %d for each number of a parameter; $1 to $fixed are the
// statement's own.
func valuesText(statement, row string, fixed int) valuesTexts {
	texts := make(valuesTexts, len(chunkSizes))
	width := strings.Count(row, "%d")
	for _, size := range chunkSizes {
		rows := make([]string, size)
		for i := range rows {
			numbers := make([]any, width)
			for j := range numbers {
				numbers[j] = fixed + i*width + j + 1
			}
			rows[i] = fmt.Sprintf(row, numbers...)
		}
		texts[size] = fmt.Sprintf(statement, strings.Join(rows, ", "))
	}
	return texts
}
