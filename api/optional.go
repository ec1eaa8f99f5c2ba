package api

import (
	"bytes"
	"encoding/json"
	"errors"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Optional is a property of a request that may be absent, null or a value; the three are
// told apart, because leaving a thing alone and clearing it are different requests. Give
// such a field the tag option omitzero, so that an absent one stays absent.
//
// What lies inside is read tolerantly even by a decoder that refuses unknown fields:
// strictness is for the top level of a request, references may carry more than their id.
type Optional[T any] struct {
	Value T    // the value; zero where absent or null
	Set   bool // the key was there
	Null  bool // its value was null
}

// Some is a property with a value.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Set: true} }

// Null is a property whose value is null.
func Null[T any]() Optional[T] { return Optional[T]{Set: true, Null: true} }

// Get returns the value; ok is false where the property is absent or null.
func (o Optional[T]) Get() (v T, ok bool) { return o.Value, o.Set && !o.Null }

// Or returns the value, or def where the property is absent or null.
func (o Optional[T]) Or(def T) T {
	if v, ok := o.Get(); ok {
		return v
	}
	return def
}

// IsZero tells whether the property is absent; encoding/json asks it for omitzero.
func (o Optional[T]) IsZero() bool { return !o.Set }

// MarshalJSON writes the value, or null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if v, ok := o.Get(); ok {
		return json.Marshal(v)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads a value or null, whichever the key has; errors are those of T. Names
// must be spelled as they are: encoding/json would take {"id": 1, "ID": 2} for 2.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	*o = Optional[T]{Set: true}
	if bytes.Equal(data, []byte("null")) {
		o.Null = true
		return nil
	}
	return unwrapped(jsonv2.Unmarshal(data, &o.Value))
}

// UnmarshalJSONFrom is UnmarshalJSON for a decoder that would otherwise read a value twice:
// once to find its end.
func (o *Optional[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*o = Optional[T]{Set: true}
	if dec.PeekKind() == 'n' {
		o.Null = true
		return dec.SkipValue()
	}
	return unwrapped(jsonv2.UnmarshalDecode(dec, &o.Value, jsonv2.RejectUnknownMembers(false)))
}

// unwrapped is the error of a type of ours, without the decoder's words around it.
func unwrapped(err error) error {
	var semantic *jsonv2.SemanticError
	if errors.As(err, &semantic) && semantic.Err != nil {
		return semantic.Err
	}
	return err
}
