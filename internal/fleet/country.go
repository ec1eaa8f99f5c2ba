package fleet

//go:generate sh -c "go run countries_gen.go > country_table.tmp && mv country_table.tmp country_table.go"

// Country is the country of a Workspace. Its codes are text because they are identifiers made
// of digits, not numbers.
type Country struct {
	ID          int64  // ISO 3166-1 numeric
	Name        string // English short name of ISO 3166-1, without article and with qualifiers after a comma; United Kingdom and United States for short
	ISO         string // ISO 3166-1 alpha-2, upper case
	MCC         string // primary mobile country code (ITU-T E.212), three digits; "" if none is assigned
	CallingCode string // ITU-T E.164, without plus; within the North American plan with the area code, but for its founders (1)
}

// CountryByISO finds a country by its upper-case alpha-2 code, the form in which a Workspace
// stores it. ok is false for "" (country unknown) and for codes that ISO 3166-1 does not
// assign.
func CountryByISO(code string) (Country, bool) {
	c, ok := countriesByISO[code]
	return c, ok
}

// countryCodes returns the codes of all countries.
func countryCodes() []string {
	codes := make([]string, len(Countries))
	for i, c := range Countries {
		codes[i] = c.ISO
	}
	return codes
}

var countriesByISO = indexCountries()

func indexCountries() map[string]Country {
	index := make(map[string]Country, len(Countries))
	for _, c := range Countries {
		index[c.ISO] = c
	}
	return index
}
