package world

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/simferry/simferry/internal/fleet"
)

// MaxSize is the maximum size of a world file, in bytes. Its syntax tree takes about forty
// times as much memory.
const MaxSize = 16 << 20

// maxDepth is the maximum nesting of lists and mappings. The format itself needs four levels;
// the parser recurses, so the depth must be bounded before it runs.
const maxDepth = 16

// maxKeys is the maximum number of keys of an entry in block style, including those of its
// roles: the parser recurses from key to key and takes quadratic time.
const maxKeys = 10_000

// read reads the whole file as UTF-8 text without a byte order mark.
func read(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the world file: %w", err)
	}
	if len(text) > MaxSize {
		return nil, fleet.Errorf(fleet.TooLarge, "the world file is over %d MiB: write SIMs as sim_ranges, or load them with simferry sim import", MaxSize>>20)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	for i, line := range bytes.Split(text, []byte("\n")) {
		if !utf8.Valid(line) {
			return nil, syntax(i+1, "it is not UTF-8: save the file in that encoding")
		}
	}
	return text, nil
}

// tree returns the document of the file; nil if the file is empty.
func tree(text []byte) (ast.Node, error) {
	tokens := lexer.Tokenize(string(text))
	if err := checkSyntax(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey()) // object reports all duplicates
	var bad yaml.Error
	switch {
	case errors.As(err, &bad) && bad.GetToken() != nil:
		message, _, _ := strings.Cut(bad.GetMessage(), `: "`) // the parser quotes values, which may be passwords
		return nil, syntax(bad.GetToken().Position.Line, "it is not valid YAML: %s", message)
	case err != nil:
		return nil, fleet.Errorf(fleet.BadRequest, "the world file is not valid YAML: %v", err)
	case len(file.Docs) > 1:
		return nil, syntax(startOf(file.Docs[1]), "a second document starts here: remove the ---, because a world file has only one")
	case len(file.Docs) == 0:
		return nil, nil
	}
	return file.Docs[0].Body, nil
}

// startOf returns the line of the --- that opens a document.
func startOf(d *ast.DocumentNode) int {
	if d.Start != nil {
		return d.Start.Position.Line
	}
	return d.GetToken().Position.Line
}

// unsupported are the parts of YAML that world files do not support.
var unsupported = map[token.Type]string{
	token.AnchorType:     "anchors (&)",
	token.AliasType:      "aliases (*)",
	token.TagType:        "tags (!)",
	token.MergeKeyType:   "merge keys (<<)",
	token.MappingKeyType: "complex keys (?)",
	token.DirectiveType:  "directives (%)",
	token.LiteralType:    "block texts (|)",
	token.FoldedType:     "block texts (>)",
}

// checkSyntax rejects unsupported syntax, and input that the parser cannot handle.
func checkSyntax(tokens token.Tokens) error {
	var s shape
	for _, t := range tokens {
		if name, found := unsupported[t.Type]; found {
			return syntax(t.Position.Line, "%s are not supported: write the value out, in quotes if it is text", name)
		}
		s.next(t)
		if s.open > maxDepth || s.inLine > maxDepth {
			return syntax(t.Position.Line, "lists and mappings are nested more than %d deep: the format needs no more than 4", maxDepth)
		}
		if s.keys > maxKeys {
			return syntax(t.Position.Line, "there are more than %d keys without a dash: write a list, each entry after a dash", maxKeys)
		}
	}
	return nil
}

// shape tracks the nesting of tokens. Across lines only indentation nests, which the size of
// the file bounds.
type shape struct {
	open   int // brackets
	line   int
	inLine int // dashes and keys of this line, outside brackets
	keys   int // keys since the last dash, outside brackets
}

func (s *shape) next(t *token.Token) {
	if t.Position.Line != s.line {
		s.line, s.inLine = t.Position.Line, 0
	}
	s.open += opens(t.Type)
	switch {
	case s.open > 0:
	case t.Type == token.SequenceEntryType:
		s.inLine++
		s.keys = 0
	case t.Type == token.MappingValueType:
		s.inLine++
		s.keys++
	}
}

func opens(t token.Type) int {
	switch t {
	case token.MappingStartType, token.SequenceStartType:
		return 1
	case token.MappingEndType, token.SequenceEndType:
		return -1
	default:
		return 0
	}
}

// syntax returns the error for a file that cannot be parsed further.
func syntax(line int, format string, args ...any) error {
	p := fleet.Problems{Limit: 1}
	p.AddAt(line, fleet.BadRequest, format, args...)
	return p.Err()
}
