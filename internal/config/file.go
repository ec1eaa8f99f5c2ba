package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/simferry/simferry/internal/secretfile"
)

// maxFileSize bounds the settings file, so that a wrong file name is an error and does not
// exhaust the memory.
const maxFileSize = 1 << 20

func (l *loader) file(name string) error {
	if name == "" {
		return nil
	}
	content, err := readSmall(name)
	if err != nil {
		return fmt.Errorf("settings file (--%s, %s): %w", configFlag, configEnv, err)
	}
	if err := l.parse(content); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if l.config.Database.hasPassword() {
		info, err := os.Stat(name)
		if err == nil {
			err = secretfile.Check(name, info)
		}
		return err
	}
	return nil
}

func readSmall(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFileSize {
		return nil, fmt.Errorf("%s is larger than %d bytes: it cannot be a settings file", name, maxFileSize)
	}
	return os.ReadFile(name) //nolint:gosec // the operator names the file
}

// parse walks the document itself instead of decoding it into a struct, so that every value
// goes through the same parser as a flag, and every error has its line. Errors quote only keys;
// a value may be a secret.
func (l *loader) parse(content []byte) error {
	document, err := parser.ParseBytes(content, 0)
	if err != nil {
		return syntaxError(err)
	}
	for i, doc := range document.Docs {
		if i > 0 {
			return fmt.Errorf("line %d: a settings file is one document: remove the '---'", doc.GetToken().Position.Line)
		}
		if err := l.body(doc.Body); err != nil {
			return err
		}
	}
	return nil
}

// syntaxError keeps the line and the reason of err, without the excerpt of the file.
func syntaxError(err error) error {
	var y yaml.Error
	if errors.As(err, &y) && y.GetToken() != nil {
		message, _, _ := strings.Cut(y.GetMessage(), `: "`) // the parser quotes values, which may be secrets
		return fmt.Errorf("line %d: %s", y.GetToken().Position.Line, message)
	}
	return errors.New("is not valid YAML")
}

func (l *loader) body(node ast.Node) error {
	entries, err := entriesOf(node)
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		line, key := e.Key.GetToken().Position.Line, e.Key.GetToken().Value
		if seen[key] {
			return fmt.Errorf("line %d: %s is set twice", line, key)
		}
		seen[key] = true
		if err := l.entry(key, e.Value); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	return nil
}

func entriesOf(node ast.Node) ([]*ast.MappingValueNode, error) {
	switch n := node.(type) {
	case nil, *ast.CommentGroupNode, *ast.NullNode:
		return nil, nil
	case *ast.MappingNode:
		return n.Values, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, nil
	}
	return nil, fmt.Errorf("line %d: settings are written as 'key: value'", node.GetToken().Position.Line)
}

func (l *loader) entry(key string, node ast.Node) error {
	s, ok := find(key)
	if !ok {
		return fmt.Errorf("unknown key %q: the keys are %s", key, keys())
	}
	value, ok := scalar(node)
	if !ok {
		return fmt.Errorf("%s must be one value", key)
	}
	if err := l.set(s, value, fromFile); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// scalar returns the text of one value; a list is joined by commas.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.SequenceNode:
		return sequence(n)
	case *ast.NullNode:
		return "", false
	case *ast.LiteralNode:
		return n.Value.Value, true
	case ast.ScalarNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func sequence(n *ast.SequenceNode) (string, bool) {
	items := make([]string, len(n.Values))
	for i, v := range n.Values {
		item, ok := v.(ast.ScalarNode)
		if !ok {
			return "", false
		}
		items[i] = item.GetToken().Value
	}
	return strings.Join(items, ","), true
}

func keys() string {
	list := make([]string, len(settings))
	for i, s := range settings {
		list[i] = s.key
	}
	return strings.Join(list, ", ")
}
