package fleet

import "encoding/binary"

// The seal of a SIM is a checksum of its identity (invariant I19). It is the XOR of three
// parts, so that a part that changed according to the ledger can be replaced without knowing
// the others. Like Checksum it protects against faults, not against forgery.

// SealIdentity returns the part of a seal that never changes. It covers the id, the ICCID, EID,
// IMSI and MSISDN, the date of production (microseconds since 1970), the model and the batch.
func SealIdentity(id SIMID, iccid, eid, imsi, msisdn string, produced int64, model ModelID, bic string) uint64 {
	h := mix(uint64(id))
	for _, text := range [...]string{iccid, eid, imsi, msisdn, bic} {
		h = mixText(h, text)
	}
	h = mix(h ^ uint64(produced))
	return mix(h ^ uint64(model))
}

// SealOwners returns the part of a seal that covers issuer and reseller, 0 for no reseller.
func SealOwners(id SIMID, issuer, reseller WorkspaceID) uint64 {
	return mix(mix(mix(uint64(id)^1<<62)^uint64(issuer)) ^ uint64(reseller))
}

// SealActivation returns the part of a seal that covers the first activation, in microseconds
// since 1970, 0 for none.
func SealActivation(id SIMID, at int64) uint64 {
	return mix(mix(uint64(id)^1<<61) ^ uint64(at))
}

// mixText mixes a text and its length into a hash, so that sequences of texts are unambiguous.
func mixText(h uint64, text string) uint64 {
	h = mix(h ^ uint64(len(text)))
	for len(text) > 0 {
		var word [8]byte
		n := copy(word[:], text)
		h = mix(h ^ binary.LittleEndian.Uint64(word[:]))
		text = text[n:]
	}
	return h
}
