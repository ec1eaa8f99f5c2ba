package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// emptyBody is the mark of a response whose body may be absent although one is documented.
const emptyBody = "x-empty-body"

// headersOf names the content type that the headers of a response are documented for, if it has
// several.
const headersOf = "x-headers-of"

// checkResponse returns all differences between a response and the document.
func (d *document) checkResponse(o *Operation, method string, resp *http.Response, body []byte) []error {
	status := strconv.Itoa(resp.StatusCode)
	ref := o.op.Responses.Value(status)
	if ref == nil {
		return []error{fmt.Errorf("the status is not documented for %s", o.ID)}
	}
	at := []string{"paths", o.Path, lower(o.Method), "responses", status}
	if ref.Ref != "" {
		at = []string{"components", "responses", lastPart(ref.Ref)}
	}
	var reasons []error
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // checkBody reports a malformed one
	if of, limited := ref.Value.Extensions[headersOf]; !limited || of == kind {
		reasons = d.checkHeaders(ref.Value, resp.Header, at)
	}
	if method != http.MethodHead {
		reasons = append(reasons, d.checkBody(ref.Value, resp.Header, body, at)...)
	}
	return reasons
}

func (d *document) checkHeaders(r *openapi3.Response, got http.Header, at []string) (reasons []error) {
	for name, ref := range r.Headers {
		values := got.Values(name)
		if len(values) == 0 {
			if ref.Value.Required {
				reasons = append(reasons, fmt.Errorf("the header %s is missing", name))
			}
			continue
		}
		here := pointer(append(slices.Clone(at), "headers", name, "schema")...)
		if ref.Ref != "" {
			here = pointer("components", "headers", lastPart(ref.Ref), "schema")
		}
		if err := d.schemas.check(here, typed(strings.Join(values, ", "), ref.Value.Schema)); err != nil {
			reasons = append(reasons, fmt.Errorf("the header %s: %w", name, err))
		}
	}
	slices.SortFunc(reasons, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return reasons
}

func (d *document) checkBody(r *openapi3.Response, got http.Header, body []byte, at []string) []error {
	switch {
	case len(r.Content) == 0 && len(body) > 0:
		return []error{fmt.Errorf("it has a body of %d bytes and none is documented", len(body))}
	case len(r.Content) == 0:
		return nil
	case len(body) == 0 && r.Extensions[emptyBody] == true:
		return nil
	case len(body) == 0:
		return []error{errors.New("the body is missing")}
	}
	mediaType, _, err := mime.ParseMediaType(got.Get("Content-Type"))
	if err != nil || r.Content[mediaType] == nil {
		return []error{fmt.Errorf("the content type %q is not documented", got.Get("Content-Type"))}
	}
	if mediaType != "application/json" {
		return nil
	}
	here := pointer(append(slices.Clone(at), "content", mediaType, "schema")...)
	if err := d.schemas.checkJSON(here, body); err != nil {
		return []error{fmt.Errorf("the body: %w", err)}
	}
	return nil
}

// typed converts the text of a parameter or header to the JSON value that its schema describes;
// 250.0 in a path is the id 250. A text that is not a number, or not true or false, stays text, so
// that the schema refuses it.
func typed(text string, schema *openapi3.SchemaRef) any {
	if schema.Value.Type.Is(openapi3.TypeBoolean) && (text == "true" || text == "false") {
		return text == "true"
	}
	if !schema.Value.Type.Is(openapi3.TypeInteger) {
		return text
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if n, err := jsonschema.UnmarshalJSON(strings.NewReader(text)); err == nil {
		if number, ok := n.(json.Number); ok {
			return number
		}
	}
	return text
}

func lower(method string) string { return strings.ToLower(method) }

// lastPart returns the name at the end of a reference such as #/components/responses/NotFound.
func lastPart(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
