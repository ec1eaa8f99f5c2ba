package api_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/simferry/simferry/api"
)

// documents returns the two OpenAPI documents by file name.
func documents() map[string][]byte {
	return map[string][]byte{"openapi.yaml": api.OpenAPI, "operator.yaml": api.OperatorAPI}
}

// TestDocumentsHaveNoAnchors: several generators do not read YAML anchors.
func TestDocumentsHaveNoAnchors(t *testing.T) {
	for name, text := range documents() {
		file, err := parser.ParseBytes(text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range file.Docs {
			for _, kind := range []ast.NodeType{ast.AnchorType, ast.AliasType, ast.MergeKeyType} {
				for _, node := range ast.Filter(kind, doc.Body) {
					t.Errorf("%s:%d: %s", name, node.GetToken().Position.Line, node)
				}
			}
		}
	}
}

// document contains the parts that the tests below check.
type document struct {
	Paths      map[string]map[string]any `yaml:"paths"`
	Components struct {
		Schemas    map[string]map[string]any `yaml:"schemas"`
		Parameters map[string]struct {
			Schema struct {
				Type any `yaml:"type"`
			} `yaml:"schema"`
		} `yaml:"parameters"`
	} `yaml:"components"`
}

// TestSchemasGenerate checks for what code generators cannot handle: a union at the root of a
// request's schema, a parameter of several types, and names that differ only in case or
// punctuation.
func TestSchemasGenerate(t *testing.T) {
	request := regexp.MustCompile(`(?s)requestBody:.*?\$ref: "#/components/schemas/(\w+)"`)
	for name, text := range documents() {
		var d document
		if err := yaml.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		for _, m := range request.FindAllStringSubmatch(string(text), -1) {
			if m[1] == "DevicesToCreate" {
				continue // the contract takes an object or an array
			}
			for _, union := range []string{"oneOf", "anyOf", "allOf"} {
				if _, found := d.Components.Schemas[m[1]][union]; found {
					t.Errorf("%s: %s has %s at its root", name, m[1], union)
				}
			}
		}
		for parameter, p := range d.Components.Parameters {
			if _, several := p.Schema.Type.([]any); several {
				t.Errorf("%s: the parameter %s has several types", name, parameter)
			}
		}
		seen := make(map[string]string)
		for schema := range d.Components.Schemas {
			plain := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(schema))
			if other := seen[plain]; other != "" {
				t.Errorf("%s: the schemas %s and %s have one name in most languages", name, schema, other)
			}
			seen[plain] = schema
		}
	}
}
