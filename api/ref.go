package api

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
// whole reference as it received it. ID is nil where the key is absent or null.
type IDRef struct {
	ID *ID `json:"id"`
}

// RefTo points to the thing with that id.
func RefTo(id int64) IDRef {
	v := ID(id)
	return IDRef{ID: &v}
}

// Country is where a Workspace is at home. Codes are text: they are names made of digits,
// and a leading zero counts.
type Country struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	ISOCode     string `json:"iso_code"`      // ISO 3166-1 alpha-2, lower case
	MCC         string `json:"mcc,omitempty"` // mobile country code, three digits; a few remote places have none
	CountryCode string `json:"country_code"`  // calling code, without plus
}
