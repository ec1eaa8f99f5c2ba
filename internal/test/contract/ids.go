package contract

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// IDs returns the places of a request that take an identifier, so that a test can try wrong
// ones in each: "{sim_id}" in the path, "?user" in the query, "sims[].id" in the body. Of
// the query the parameters of lists are left out: what can be asked for within q, a list
// tells itself.
func (o *Operation) IDs() []string {
	var places []string
	for _, ref := range slices.Concat(o.item.Parameters, o.op.Parameters) {
		switch p := ref.Value; {
		case p.In == openapi3.ParameterInPath:
			places = append(places, "{"+p.Name+"}")
		case p.In == openapi3.ParameterInQuery && !ofLists[p.Name] && len(p.Schema.Value.Enum) == 0:
			places = append(places, "?"+p.Name)
		}
	}
	if o.op.RequestBody != nil {
		for _, media := range o.op.RequestBody.Value.Content {
			places = append(places, idsIn(media.Schema, "")...)
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// Texts returns the places of a body that take any text, such as "name" or "[].tags".
func (o *Operation) Texts() []string {
	var places []string
	if o.op.RequestBody != nil {
		for _, media := range o.op.RequestBody.Value.Content {
			places = append(places, textsIn(media.Schema, "")...)
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// textsIn walks a schema of a request, none of which is recursive.
func textsIn(ref *openapi3.SchemaRef, at string) (places []string) {
	if ref == nil || ref.Value == nil || isID(ref, at) {
		return nil
	}
	s := ref.Value
	if s.Type != nil && s.Type.Includes(openapi3.TypeString) && at != "" {
		places = append(places, at)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		places = append(places, textsIn(s.Properties[name], strings.TrimPrefix(at+"."+name, "."))...)
	}
	if s.Items != nil {
		places = append(places, textsIn(s.Items, at+"[]")...)
	}
	for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		places = append(places, textsIn(part, at)...)
	}
	return places
}

// Lists reports whether the operation is a list that can be filtered with q.
func (o *Operation) Lists() bool {
	return slices.ContainsFunc(slices.Concat(o.item.Parameters, o.op.Parameters), func(ref *openapi3.ParameterRef) bool {
		return ref.Value.In == openapi3.ParameterInQuery && ref.Value.Name == "q"
	})
}

var ofLists = map[string]bool{"q": true, "sort": true, "page": true, "per_page": true, "after": true}

// idsIn walks a schema of a request, none of which is recursive.
func idsIn(ref *openapi3.SchemaRef, at string) (places []string) {
	if ref == nil || ref.Value == nil {
		return nil
	}
	if isID(ref, at) {
		return []string{at}
	}
	s := ref.Value
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		places = append(places, idsIn(s.Properties[name], strings.TrimPrefix(at+"."+name, "."))...)
	}
	if s.Items != nil {
		places = append(places, idsIn(s.Items, at+"[]")...)
	}
	for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
		places = append(places, idsIn(part, at)...)
	}
	return places
}

// isID recognizes an identifier by its schema, or by its name if it is a number.
func isID(ref *openapi3.SchemaRef, at string) bool {
	switch lastPart(ref.Ref) {
	case "ID", "PathID", "ICCID":
		return true
	}
	name := at[strings.LastIndexByte(at, '.')+1:]
	return (name == "id" || strings.HasSuffix(name, "_id")) && ref.Value.Type != nil && ref.Value.Type.Includes(openapi3.TypeInteger)
}
