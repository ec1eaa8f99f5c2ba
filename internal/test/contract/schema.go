package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// documentURL identifies the document for the compiler; nothing is fetched from it.
const documentURL = "urn:simferry:openapi"

// schemas compiles the schemas of the document, each once, when it is first needed. In
// OpenAPI 3.1 they are plain JSON Schema, so the whole document is one resource and each
// schema is found by its JSON pointer, references and all.
type schemas struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

func newSchemas(spec *openapi3.T) (*schemas, error) {
	source, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("writing the document as JSON: %w", err)
	}
	resource, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, fmt.Errorf("reading the document as JSON: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(documentURL, resource); err != nil {
		return nil, fmt.Errorf("taking the document as a schema resource: %w", err)
	}
	return &schemas{compiler: c, compiled: make(map[string]*jsonschema.Schema)}, nil
}

// pointer joins the parts of a JSON pointer into the document.
func pointer(parts ...string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	b.WriteByte('#')
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(escape.Replace(p))
	}
	return b.String()
}

// at returns the schema at a pointer.
func (s *schemas) at(pointer string) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.compiled[pointer]; ok {
		return c, nil
	}
	c, err := s.compiler.Compile(documentURL + pointer)
	if err != nil {
		return nil, fmt.Errorf("the schema at %s: %w", pointer, err)
	}
	s.compiled[pointer] = c
	return c, nil
}

// check holds a JSON value against the schema at a pointer.
func (s *schemas) check(pointer string, value any) error {
	schema, err := s.at(pointer)
	if err != nil {
		return err
	}
	return concise(schema.Validate(value))
}

// checkJSON does it for a document in text. Numbers stay exact.
func (s *schemas) checkJSON(pointer string, text []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	return s.check(pointer, value)
}

// concise drops the first line of a validation error, which names the schema's address
// and not the fault.
func concise(err error) error {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	_, particulars, found := strings.Cut(invalid.Error(), "\n")
	if !found {
		return err
	}
	return errors.New(particulars)
}
