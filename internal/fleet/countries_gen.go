//go:build ignore

// This program writes country_table.go from countries.csv.
package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"go/format"
	"log"
	"os"
)

const head = `// Code generated from countries.csv by countries_gen.go; DO NOT EDIT.

package fleet

// Countries lists every country and territory of ISO 3166-1, sorted by name without accents. It
// is shared: do not modify it.
//
// Eight remote places, such as Antarctica and Bouvet Island, have no mobile country code. Those
// that no numbering plan names have the calling code of the plan that reaches them, or the
// state that they belong to.
var Countries = []Country{
`

func main() {
	text, err := os.ReadFile("countries.csv")
	if err != nil {
		log.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comment, r.FieldsPerRecord = '#', 5
	rows, err := r.ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	out := bytes.NewBufferString(head)
	for _, row := range rows[1:] {
		fmt.Fprintf(out, "\t{%s, %q, %q, %q, %q},\n", row[0], row[1], row[2], row[3], row[4])
	}
	out.WriteString("}\n")
	source, err := format.Source(out.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	if _, err := os.Stdout.Write(source); err != nil {
		log.Fatal(err)
	}
}
