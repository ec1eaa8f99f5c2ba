package console

import (
	_ "embed" // for the texts
	"fmt"

	"github.com/goccy/go-yaml"
)

//go:embed text/en.yaml
var english []byte

// texts is the catalogue of all texts, by key.
var texts = parseTexts(english)

func parseTexts(file []byte) map[string]string {
	all := make(map[string]string)
	if err := yaml.Unmarshal(file, &all); err != nil {
		panic(err) // the file is part of the program
	}
	return all
}

// text returns a text of the catalogue with its arguments filled in. A missing key is a
// programming error, which a test finds.
func text(key string, args ...any) string {
	t, ok := texts[key]
	if !ok {
		panic(fmt.Sprintf("console: no text %q in text/en.yaml", key))
	}
	if len(args) == 0 {
		return t
	}
	return fmt.Sprintf(t, args...)
}

// plural returns the text KEY.one or KEY.many for a number. It gets the formatted number, then
// the other arguments.
func plural(key string, count int, args ...any) string {
	form := ".many"
	if count == 1 {
		form = ".one"
	}
	return text(key+form, append([]any{number(count)}, args...)...)
}
