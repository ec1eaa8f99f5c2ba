package api

import (
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the response to dst exactly as encoding/json writes it with HTML escaping
// off, byte for byte, without the newline of an Encoder. It exists for speed: a response with
// 500 SIMs is large. A test compares the two encoders.
func (r *MigrationResponse) AppendJSON(dst []byte) []byte {
	dst = r.AppendHead(dst)
	if r.SIMs == nil {
		return append(dst, "null}"...)
	}
	dst = append(dst, '[')
	for i := range r.SIMs {
		dst = r.SIMs[i].AppendJSON(comma(dst, i))
	}
	return append(dst, "]}"...)
}

// AppendHead appends the response up to and including the key of the list of SIMs. The caller
// appends the list, SIM by SIM, so that it need not be in memory, and closes the object.
func (r *MigrationResponse) AppendHead(dst []byte) []byte {
	dst = append(dst, `{"sim_count":`...)
	dst = strconv.AppendInt(dst, int64(r.SIMCount), 10)
	dst = append(dst, `,"dry_run":`...)
	dst = strconv.AppendBool(dst, r.DryRun)
	dst = append(dst, `,"target_workspace":`...)
	dst = r.TargetWorkspace.appendJSON(dst)
	dst = append(dst, `,"auto_detach_devices":`...)
	dst = strconv.AppendBool(dst, r.AutoDetachDevices)
	dst = append(dst, `,"allowed_sim_statuses":`...)
	dst = appendRefs(dst, r.AllowedSIMStatuses)
	dst = appendWarnings(dst, r.Warnings)
	return append(dst, `,"sims":`...)
}

// AppendJSON appends the SIM as encoding/json writes it.
func (s *MigrationSIM) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, s.ID, 10)
	dst = append(dst, `,"iccid":`...)
	dst = appendString(dst, s.ICCID)
	dst = append(dst, `,"iccid_with_luhn":`...)
	dst = appendString(dst, s.ICCIDWithLuhn)
	dst = append(dst, `,"status":`...)
	dst = s.Status.appendJSON(dst)
	if s.Endpoint != nil {
		dst = append(dst, `,"endpoint":`...)
		dst = s.Endpoint.appendJSON(dst)
	}
	dst = append(dst, `,"source_workspace":`...)
	dst = s.SourceWorkspace.appendJSON(dst)
	return append(dst, '}')
}

func (r *Ref) appendJSON(dst []byte) []byte {
	return appendReference(dst, r.ID, `,"description":`, r.Description)
}

func (r *NamedRef) appendJSON(dst []byte) []byte {
	return appendReference(dst, r.ID, `,"name":`, r.Name)
}

func appendReference(dst []byte, id int64, key, text string) []byte {
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendInt(dst, id, 10)
	dst = append(dst, key...)
	dst = appendString(dst, text)
	return append(dst, '}')
}

func appendRefs(dst []byte, list []Ref) []byte {
	if list == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '[')
	for i := range list {
		dst = list[i].appendJSON(comma(dst, i))
	}
	return append(dst, ']')
}

// comma writes the separator before the i-th item of a list.
func comma(dst []byte, i int) []byte {
	if i == 0 {
		return dst
	}
	return append(dst, ',')
}

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

// plain marks the bytes that need no escaping in a JSON string.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendString writes a JSON string. Runs of plain bytes, which are nearly everything, are
// copied at once.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for s != "" {
		n := plainPrefix(s)
		dst = append(dst, s[:n]...)
		if s = s[n:]; s != "" {
			r, size := utf8.DecodeRuneInString(s)
			dst = appendRune(dst, r, size)
			s = s[size:]
		}
	}
	return append(dst, '"')
}

func plainPrefix(s string) int {
	for i := range len(s) {
		if !plain[s[i]] {
			return i
		}
	}
	return len(s)
}

// appendRune writes a character that is not plain: an invalid UTF-8 byte becomes the
// replacement character, and the two line separators are escaped because old JavaScript treats
// them as line ends.
func appendRune(dst []byte, r rune, size int) []byte {
	switch {
	case r < utf8.RuneSelf:
		return appendControl(dst, byte(r))
	case r == utf8.RuneError && size == 1:
		return append(dst, `\ufffd`...)
	case r == '\u2028':
		return append(dst, `\u2028`...)
	case r == '\u2029':
		return append(dst, `\u2029`...)
	}
	return utf8.AppendRune(dst, r)
}

func appendControl(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}
