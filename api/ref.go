package api

import (
	"errors"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Ref points to an entry of a closed list, such as a status or a type.
type Ref struct {
	ID          int64  `json:"id"`
	Description string `json:"description"`
}

// NamedRef points to something that has a name: a Workspace, a role, a device.
type NamedRef struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// IDRef points to something in a request. Only the id counts; a client may send back the
// whole reference as it received it. ID is nil if the reference is empty or its id is null.
type IDRef struct {
	ID *ID `json:"id"`
}

// errNoID is a reference that has properties, but no id: {"name": "Fleet FR"} or {"ID": 200}. It is
// refused, because an empty reference empties a property.
var errNoID = errors.New(`it has no id: write an object such as {"id": 1}`)

// UnmarshalJSONFrom reads a reference and ignores its other properties. It is an error if there
// are others and no id.
func (r *IDRef) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var whole struct {
		ID     Optional[ID]   `json:"id"`
		Others jsontext.Value `json:",embed"`
	}
	if err := jsonv2.UnmarshalDecode(dec, &whole, jsonv2.RejectUnknownMembers(false)); err != nil {
		return err
	}
	if !whole.ID.Set && len(whole.Others) > 0 {
		return errNoID
	}
	r.ID = nil
	if id, there := whole.ID.Get(); there {
		r.ID = &id
	}
	return nil
}

// RefTo returns a reference to an id.
func RefTo(id int64) IDRef {
	v := ID(id)
	return IDRef{ID: &v}
}

// Country is the country of a Workspace. Codes are strings, because leading zeros matter.
type Country struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	ISOCode     string `json:"iso_code"`      // ISO 3166-1 alpha-2, lower case
	MCC         string `json:"mcc,omitempty"` // mobile country code, three digits; absent if the country has none
	CountryCode string `json:"country_code"`  // calling code, without plus
}
