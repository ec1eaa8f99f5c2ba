package contract

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// checkRequest returns why the document refuses a request, nil if it accepts the request.
func (d *document) checkRequest(m match, body []byte) error {
	o := m.operation
	reasons := d.checkParameters(m, o.item.Parameters, "paths", o.Path, "parameters")
	reasons = append(reasons, d.checkParameters(m, o.op.Parameters, "paths", o.Path, lower(o.Method), "parameters")...)
	reasons = append(reasons, d.checkRequestBody(o, m.request.Header.Get("Content-Type"), body))
	return errors.Join(reasons...)
}

func (d *document) checkParameters(m match, list openapi3.Parameters, at ...string) (reasons []error) {
	for i, ref := range list {
		p := ref.Value
		value, given := parameterValue(m.request, p)
		if !given {
			if p.Required {
				reasons = append(reasons, fmt.Errorf("the parameter %s is missing", p.Name))
			}
			continue
		}
		here := pointer(append(slices.Clone(at), strconv.Itoa(i), "schema")...)
		if ref.Ref != "" {
			here = pointer("components", "parameters", lastPart(ref.Ref), "schema")
		}
		if err := d.schemas.check(here, typed(value, p.Schema)); err != nil {
			reasons = append(reasons, fmt.Errorf("the parameter %s: %w", p.Name, err))
		}
	}
	return reasons
}

func parameterValue(req *http.Request, p *openapi3.Parameter) (value string, given bool) {
	switch p.In {
	case openapi3.ParameterInPath:
		return req.PathValue(p.Name), true
	case openapi3.ParameterInHeader:
		values := req.Header.Values(p.Name)
		return req.Header.Get(p.Name), len(values) > 0
	default:
		query := req.URL.Query()
		return query.Get(p.Name), query.Has(p.Name)
	}
}

func (d *document) checkRequestBody(o *Operation, kind string, body []byte) error {
	if o.op.RequestBody == nil {
		return nil
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) // a byte order mark is not part of the body
	if len(body) == 0 {
		if o.op.RequestBody.Value.Required {
			return errors.New("the body is missing")
		}
		return nil
	}
	file := kind != "application/json" && o.op.RequestBody.Value.Content[kind] != nil
	if file || o.op.RequestBody.Value.Content["application/json"] == nil {
		return nil // a file: the schema says that it is text
	}
	at := pointer("paths", o.Path, lower(o.Method), "requestBody", "content", "application/json", "schema")
	if err := d.schemas.checkJSON(at, body); err != nil {
		return fmt.Errorf("the body: %w", err)
	}
	return nil
}
