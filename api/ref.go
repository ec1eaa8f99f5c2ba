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

// IDRef points to something in a request. Only the id counts; a client may send back the whole
// reference as it received it. ID is nil if the key is absent or null.
type IDRef struct {
	ID *ID `json:"id"`
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
