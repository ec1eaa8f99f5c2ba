package api

import (
	"iter"
	"strconv"
)

// AppendJSON appends the response to dst exactly as encoding/json writes it with HTML escaping
// off, byte for byte, without the newline of an Encoder. It exists for speed: a response with
// 500 SIMs is large. A test compares the two encoders.
func (r *MigrationResponse) AppendJSON(dst []byte) []byte {
	if r.SIMs == nil {
		return append(r.appendHead(dst), "null}"...)
	}
	return r.AppendEach(dst, func(yield func(*MigrationSIM) bool) {
		for i := range r.SIMs {
			if !yield(&r.SIMs[i]) {
				return
			}
		}
	})
}

// AppendEach is AppendJSON with the SIMs of an iterator. It encodes each SIM before it requests
// the next, so the list need not be in memory.
func (r *MigrationResponse) AppendEach(dst []byte, sims iter.Seq[*MigrationSIM]) []byte {
	dst = append(r.appendHead(dst), '[')
	i := 0
	for sim := range sims {
		dst = sim.appendJSON(comma(dst, i))
		i++
	}
	return append(dst, "]}"...)
}

// appendHead writes everything before the list of SIMs.
func (r *MigrationResponse) appendHead(dst []byte) []byte {
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
	return append(dst, `,"sims":`...)
}

func (s *MigrationSIM) appendJSON(dst []byte) []byte {
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
