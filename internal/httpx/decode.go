package httpx

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/simferry/simferry/internal/fleet"
)

// Decode reads a JSON body strictly. It refuses unknown top-level properties by name, so a
// mistyped guard is never silently ignored, and also duplicate keys and data after the value.
//
// Errors: those of ReadBody; BadRequest with the property at fault.
func (r *Request) Decode(into any, o ...json.Options) error {
	body, err := r.ReadBody()
	if err != nil {
		return err
	}
	return DecodeText(body, into, o...)
}

// DecodeOptional is like Decode, but accepts an empty body.
func (r *Request) DecodeOptional(into any, o ...json.Options) error {
	err := r.Decode(into, o...)
	if errors.Is(err, errNoBody) {
		return nil
	}
	return err
}

// maxValues bounds the objects and lists of a body: each takes far more memory than the two
// bytes that encode it.
const maxValues = 50_000

// DecodeText decodes a body that was read with ReadBody, as Decode does.
func DecodeText(body []byte, into any, o ...json.Options) error {
	if n := bytes.Count(body, []byte("{")) + bytes.Count(body, []byte("[")); n > maxValues {
		return fleet.Errorf(fleet.BadRequest, "The body has more than %d objects and lists: send it in parts", maxValues)
	}
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return fleet.Errorf(fleet.BadRequest, "The body is null: send a JSON %s", wanted(into))
	}
	if err := json.Unmarshal(body, into, json.RejectUnknownMembers(true), json.JoinOptions(o...)); err != nil {
		return explain(err, into)
	}
	return nil
}

// knownProperties lists the properties of an object for a message.
func knownProperties(names []string) string {
	if len(names) == 0 {
		return "this object has no properties: leave it out"
	}
	return "known properties: " + strings.Join(names, ", ")
}

// wanted describes the expected type of a body.
func wanted(into any) string {
	if plainType(reflect.TypeOf(into)).Kind() == reflect.Slice {
		return "array"
	}
	return "object"
}

// explain names the property at fault and what to send instead.
func explain(err error, into any) error {
	var semantic *json.SemanticError
	var syntax *jsontext.SyntacticError
	bad := &fleet.Error{Code: fleet.BadRequest, Err: err}
	switch {
	case errors.As(err, &semantic) && errors.Is(semantic.Err, json.ErrUnknownName):
		bad.Field = pointed(semantic.JSONPointer)
		bad.Message = fmt.Sprintf("%s: unknown property; %s", clip(bad.Field), knownProperties(properties(into, semantic.JSONPointer)))
	case errors.As(err, &syntax) && errors.Is(syntax.Err, jsontext.ErrDuplicateName):
		bad.Field = pointed(syntax.JSONPointer)
		bad.Message = clip(bad.Field) + ": duplicate property"
	case errors.As(err, &semantic):
		bad.Field = pointed(semantic.JSONPointer)
		bad.Message = fmt.Sprintf("%s: %s", clip(orBody(bad.Field)), reason(semantic))
	case errors.As(err, &syntax):
		bad.Message = fmt.Sprintf("The body is not valid JSON: error at byte %d", syntax.ByteOffset)
	default:
		bad.Message = "The body is not valid JSON"
	}
	return bad
}

// pointed turns /sims/0/id into sims[0].id, the notation of every message.
func pointed(p jsontext.Pointer) string {
	var b strings.Builder
	for name := range p.Tokens() {
		if name != "" && strings.Trim(name, "0123456789") == "" {
			b.WriteString("[" + name + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(name)
	}
	return b.String()
}

func orBody(field string) string {
	if field == "" {
		return "the body"
	}
	return field
}

// reason explains why a value does not fit, without naming Go types.
func reason(e *json.SemanticError) string {
	for inner := e; errors.As(e.Err, &inner); {
		e = inner
	}
	if e.Err != nil && !strings.Contains(e.Err.Error(), "Go ") {
		return clip(e.Err.Error())
	}
	return "it must be " + rightType(e.GoType) + wrongKind(e.JSONKind)
}

// rightType describes the JSON form of a Go type.
func rightType(t reflect.Type) string {
	if t == nil {
		return "a value of another type"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return rightType(t.Elem())
	case reflect.String:
		return "a text, in quotes"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list, in [ ]"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Struct:
		return rightObject(t)
	}
	return "a value of another type"
}

// rightObject describes an object. An Optional is described as its value.
func rightObject(t reflect.Type) string {
	value, wraps := t.FieldByName("Value")
	_, optional := t.FieldByName("Null")
	if wraps && optional {
		return rightType(value.Type)
	}
	if f, ok := t.FieldByName("ID"); ok && (t.NumField() == 1 || f.Index[0] == 0) {
		return `an object such as {"id": 1}`
	}
	return "an object, in { }"
}

// wrongKind describes the JSON value that was sent instead.
func wrongKind(k jsontext.Kind) string {
	switch k {
	case 'n':
		return ", not null"
	case 't', 'f':
		return ", not true or false"
	case '"':
		return ", not a text"
	case '0':
		return ", not a number"
	case '{':
		return ", not an object"
	case '[':
		return ", not a list"
	}
	return ""
}

// properties returns the names of the properties of the object that an unknown property was sent
// in.
func properties(of any, unknown jsontext.Pointer) []string {
	var names []string
	t := objectIn(reflect.TypeOf(of), unknown.Parent())
	if t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// objectIn returns the type of the object at a place of a body.
func objectIn(t reflect.Type, at jsontext.Pointer) reflect.Type {
	for name := range at.Tokens() {
		t = plainType(t)
		if t.Kind() == reflect.Slice {
			t = t.Elem()
			continue
		}
		for _, f := range reflect.VisibleFields(t) {
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
				t = f.Type
				break
			}
		}
	}
	return plainType(t)
}

// plainType returns the type of the value of a pointer or an Optional.
func plainType(t reflect.Type) reflect.Type {
	for {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
			continue
		}
		value, wraps := t, false
		if t.Kind() == reflect.Struct {
			f, has := t.FieldByName("Value")
			_, optional := t.FieldByName("Null")
			value, wraps = f.Type, has && optional
		}
		if !wraps {
			return t
		}
		t = value
	}
}

// maxShown is how many bytes of client input an error message repeats.
const maxShown = 200

func clip(s string) string { return fleet.ClipTo(s, maxShown) }
