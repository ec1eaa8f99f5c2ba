package world

import "github.com/simferry/simferry/internal/fleet"

func decodeSIM(o *object) fleet.SIM {
	o.require("id", "iccid", "workspace")
	return fleet.SIM{
		ID:        id[fleet.SIMID](o, "id"),
		ICCID:     digits(o, "iccid", parseICCID),
		EID:       digits(o, "eid", parseEID),
		IMSI:      digits(o, "imsi", parseIMSI),
		MSISDN:    digits(o, "msisdn", parseMSISDN),
		Status:    keyword(o, "status", fleet.SIMStatuses, fleet.SIMIssued),
		Workspace: id[fleet.WorkspaceID](o, "workspace"),
		Issuer:    id[fleet.WorkspaceID](o, "issuer"),
		Reseller:  id[fleet.WorkspaceID](o, "reseller"),
		Device:    id[fleet.DeviceID](o, "device"),
		Produced:  parsed(o, "production_date", parseDate),
		Model:     id[fleet.ModelID](o, "model"),
		BIC:       digits(o, "bic", parseBIC),
	}
}

func decodeRange(o *object) SIMRange {
	o.require("first_id", "first_iccid", "count", "workspace")
	r := SIMRange{
		FirstID:    id[fleet.SIMID](o, "first_id"),
		FirstICCID: digits(o, "first_iccid", parseICCID),
		Count:      int(o.positive("count", MaxRange)),
		Workspace:  id[fleet.WorkspaceID](o, "workspace"),
		Issuer:     id[fleet.WorkspaceID](o, "issuer"),
		Status:     keyword(o, "status", fleet.SIMStatuses, fleet.SIMIssued),
		Model:      id[fleet.ModelID](o, "model"),
		BIC:        digits(o, "bic", parseBIC),
	}
	checkEnds(o, r)
	return r
}

// checkEnds reports a range that exceeds the last ICCID or the last id.
func checkEnds(o *object, r SIMRange) {
	if r.Count == 0 {
		return
	}
	if r.FirstID > 0 && r.FirstID+fleet.SIMID(r.Count-1) < r.FirstID {
		o.fault("count", fleet.OutOfRange, "%d ids from %d on exceed 64 bits: start lower", r.Count, r.FirstID)
	}
	if r.FirstICCID == "" {
		return
	}
	if _, ok := r.FirstICCID.Add(r.Count - 1); !ok {
		o.fault("count", fleet.OutOfRange, "%d numbers from %s on exceed the 19 digits of an ICCID: start lower", r.Count, r.FirstICCID)
	}
}

func parseIMEI(s string) (string, error)   { return parseDigits(s, minIMEI, maxIMEI) }
func parseIMSI(s string) (string, error)   { return parseDigits(s, minIMSI, maxIMSI) }
func parseMSISDN(s string) (string, error) { return parseDigits(s, minMSISDN, maxMSISDN) }
