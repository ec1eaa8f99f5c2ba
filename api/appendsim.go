package api

import "strconv"

// AppendJSON appends the SIM to dst exactly as encoding/json writes it with HTML escaping
// off, for dates of the years 0 to 9999. It exists for speed, like that of
// MigrationResponse: a page of SIMs has up to 2,500 of them.
func (s *SIM) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, s.ID, 10)
	dst = append(dst, `,"iccid":`...)
	dst = appendString(dst, s.ICCID)
	dst = append(dst, `,"iccid_with_luhn":`...)
	dst = appendString(dst, s.ICCIDWithLuhn)
	if s.EID != "" {
		dst = append(dst, `,"eid":`...)
		dst = appendString(dst, s.EID)
	}
	dst = append(dst, `,"imsi":`...)
	dst = appendString(dst, s.IMSI)
	dst = append(dst, `,"msisdn":`...)
	dst = appendString(dst, s.MSISDN)
	dst = append(dst, `,"status":`...)
	dst = s.Status.appendJSON(dst)
	dst = append(dst, `,"production_date":`...)
	dst = s.ProductionDate.appendJSON(dst)
	if s.ActivationDate != nil {
		dst = append(dst, `,"activation_date":`...)
		dst = s.ActivationDate.appendJSON(dst)
	}
	dst = s.CustomerOrg.appendAs(dst, `,"customer_org":`)
	dst = s.IssuerOrg.appendAs(dst, `,"issuer_org":`)
	dst = s.ResellerOrg.appendAs(dst, `,"reseller_org":`)
	if s.Endpoint != nil {
		dst = append(dst, `,"endpoint":`...)
		dst = s.Endpoint.appendJSON(dst)
	}
	dst = append(dst, `,"model":`...)
	dst = s.Model.appendJSON(dst)
	return append(dst, '}')
}

func (t Time) appendJSON(dst []byte) []byte { return t.UTC().AppendFormat(dst, timeLayout) }

// appendAs writes the key and the Workspace, or nothing if there is none.
func (w *WorkspaceRef) appendAs(dst []byte, key string) []byte {
	if w == nil {
		return dst
	}
	dst = append(dst, key...)
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, w.ID, 10)
	dst = append(dst, `,"name":`...)
	dst = appendString(dst, w.Name)
	if w.Country != nil {
		dst = append(dst, `,"country":`...)
		dst = w.Country.appendJSON(dst)
	}
	return append(dst, '}')
}

func (c *Country) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, c.ID, 10)
	dst = append(dst, `,"name":`...)
	dst = appendString(dst, c.Name)
	dst = append(dst, `,"iso_code":`...)
	dst = appendString(dst, c.ISOCode)
	if c.MCC != "" {
		dst = append(dst, `,"mcc":`...)
		dst = appendString(dst, c.MCC)
	}
	dst = append(dst, `,"country_code":`...)
	dst = appendString(dst, c.CountryCode)
	return append(dst, '}')
}

func (m *Model) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, m.ID, 10)
	dst = append(dst, `,"description":`...)
	dst = appendString(dst, m.Description)
	dst = append(dst, `,"memory_size":`...)
	dst = strconv.AppendInt(dst, m.MemorySize, 10)
	dst = append(dst, `,"formfactor":`...)
	dst = m.FormFactor.appendJSON(dst)
	dst = append(dst, `,"manufacturer":`...)
	dst = m.Manufacturer.appendJSON(dst)
	return append(dst, '}')
}
