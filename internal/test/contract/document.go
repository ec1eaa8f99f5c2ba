package contract

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/simferry/simferry/api"
)

// Operation is one operation of the document.
type Operation struct {
	ID     string
	Method string
	Path   string // with the document's names of the parameters

	item *openapi3.PathItem
	op   *openapi3.Operation
}

// Pattern returns the operation as an http.ServeMux pattern whose wildcards have no names, to be
// compared with Shape of a route.
func (o *Operation) Pattern() string { return Shape(o.Method + " " + o.Path) }

// Shape empties the wildcards of a pattern, because the document and a route may name the
// same parameter differently: GET /sim/{id} becomes GET /sim/{}.
func Shape(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") && strings.HasSuffix(p, "}") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}

// Operations lists every operation of the document, by path and method. It panics where
// the document cannot be read; New returns an error instead.
func Operations() []Operation { return operationsIn(theDocument) }

// OperatorOperations lists those of the operator API's document.
func OperatorOperations() []Operation { return operationsIn(operatorDocument) }

func operationsIn(read func() (*document, error)) []Operation {
	d, err := read()
	if err != nil {
		panic(err)
	}
	list := make([]Operation, len(d.operations))
	for i, o := range d.operations {
		list[i] = *o
	}
	return list
}

// document is the contract, read and indexed once for the whole process.
type document struct {
	operations []*Operation
	mux        *http.ServeMux
	schemas    *schemas
}

var (
	theDocument      = sync.OnceValues(func() (*document, error) { return load(api.OpenAPI) })
	operatorDocument = sync.OnceValues(func() (*document, error) { return load(api.OperatorAPI) })
)

// load reads a document. It validates it as OpenAPI, examples included.
func load(source []byte) (*document, error) {
	spec, err := openapi3.NewLoader().LoadFromData(source)
	if err != nil {
		return nil, fmt.Errorf("reading the document: %w", err)
	}
	if err := spec.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("the document is not valid OpenAPI: %w", err)
	}
	schemas, err := newSchemas(spec)
	if err != nil {
		return nil, err
	}
	d := &document{operations: operationsOf(spec), mux: http.NewServeMux(), schemas: schemas}
	for _, o := range d.operations {
		d.mux.Handle(o.Method+" "+o.Path, capture(o))
	}
	return d, nil
}

func operationsOf(spec *openapi3.T) []*Operation {
	var list []*Operation
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			list = append(list, &Operation{ID: op.OperationID, Method: method, Path: path, item: item, op: op})
		}
	}
	slices.SortFunc(list, func(a, b *Operation) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return list
}
