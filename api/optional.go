package api

import (
	"bytes"
	"encoding/json"
	"errors"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Optional is a property of a request that may be absent, null or a value; the three differ,
// because keeping and clearing a value are different requests. Use the tag option omitzero, so
// that an absent property stays absent.
//
// The value may have unknown fields even if the decoder refuses them: only the top level of a
// request is strict, and references may contain more than their id.
type Optional[T any] struct {
	Value T    // the value; zero if absent or null
	Set   bool // the key was present
	Null  bool // its value was null
}

// Some returns a property with a value.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Set: true} }

// Null returns a property whose value is null.
func Null[T any]() Optional[T] { return Optional[T]{Set: true, Null: true} }

// Get returns the value; ok is false if the property is absent or null.
func (o Optional[T]) Get() (v T, ok bool) { return o.Value, o.Set && !o.Null }

// Or returns the value, or def if the property is absent or null.
func (o Optional[T]) Or(def T) T {
	if v, ok := o.Get(); ok {
		return v
	}
	return def
}

// IsZero reports whether the property is absent; encoding/json calls it for omitzero.
func (o Optional[T]) IsZero() bool { return !o.Set }

// MarshalJSON writes the value, or null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if v, ok := o.Get(); ok {
		return json.Marshal(v)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads a value or null; errors are those of T. Names are case-sensitive:
// encoding/json would read {"id": 1, "ID": 2} as 2.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	*o = Optional[T]{Set: true}
	if bytes.Equal(data, []byte("null")) {
		o.Null = true
		return nil
	}
	return unwrapped(jsonv2.Unmarshal(data, &o.Value))
}

// UnmarshalJSONFrom is UnmarshalJSON without the first of two passes over the value, which only
// finds its end.
func (o *Optional[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*o = Optional[T]{Set: true}
	if dec.PeekKind() == 'n' {
		o.Null = true
		return dec.SkipValue()
	}
	return jsonv2.UnmarshalDecode(dec, &o.Value, jsonv2.RejectUnknownMembers(false))
}

// unwrapped returns the error of one of our types without the decoder's wrapping.
func unwrapped(err error) error {
	var semantic *jsonv2.SemanticError
	if errors.As(err, &semantic) && semantic.Err != nil {
		return semantic.Err
	}
	return err
}
