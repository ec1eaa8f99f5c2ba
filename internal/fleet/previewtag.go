package fleet

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
)

// The tag is base64url over: the format, the digest of the request, the digest of the
// state, the length of the offsets and the offsets, then runs of (count, version).
const (
	previewFormat = 1
	maxOffsets    = (MaxSIMs + 7) / 8
	maxTag        = 8 << 10 // more than 500 SIMs with the longest versions need
)

var tagEncoding = base64.RawURLEncoding.Strict()

// exactPreview decodes a quoted tag; nil if this release did not make it.
func exactPreview(quoted string) *Preview {
	if v := decodePreview(quoted[1 : len(quoted)-1]); v != nil && v.tag() == quoted {
		return v
	}
	return nil
}

// withoutCoding removes the suffix that a compressing proxy has added to a quoted tag: Apache
// adds "-gzip", Jetty "--gzip", older Jettys ";gzip".
func withoutCoding(quoted string) string {
	body := quoted[:len(quoted)-1]
	for _, coding := range []string{"gzip", "br", "zstd", "deflate"} {
		rest, found := strings.CutSuffix(body, coding)
		if !found {
			continue
		}
		for _, separator := range []string{"--", "-", ";", "+"} {
			if tag, found := strings.CutSuffix(rest, separator); found && len(tag) > 0 {
				return tag + `"`
			}
		}
	}
	return quoted
}

func (v *Preview) tag() string {
	b := make([]byte, 0, 512)
	b = append(b, previewFormat)
	b = append(b, v.request[:]...)
	b = append(b, v.state[:]...)
	b = append(b, byte(len(v.offsets)))
	b = append(b, v.offsets...)
	b = appendRuns(b, v.versions)
	return `"` + tagEncoding.EncodeToString(b) + `"`
}

func appendRuns(b []byte, versions []int64) []byte {
	for i := 0; i < len(versions); {
		run := 1
		for i+run < len(versions) && versions[i+run] == versions[i] {
			run++
		}
		b = binary.AppendUvarint(b, uint64(run))
		b = binary.AppendUvarint(b, uint64(versions[i]))
		i += run
	}
	return b
}

// decodePreview returns nil for input that tag cannot have made. It accepts some non-canonical
// encodings (long varints, split runs), which the caller rejects by encoding the result again.
func decodePreview(body string) *Preview {
	if len(body) > maxTag {
		return nil
	}
	b, err := tagEncoding.DecodeString(body)
	v := &Preview{}
	head := 1 + len(v.request) + len(v.state) + 1
	if err != nil || len(b) < head || b[0] != previewFormat {
		return nil
	}
	copy(v.request[:], b[1:])
	copy(v.state[:], b[1+len(v.request):])
	n := int(b[head-1])
	if n > maxOffsets || n > len(b)-head {
		return nil
	}
	if n > 0 {
		v.offsets = bytes.Clone(b[head : head+n])
	}
	v.versions = decodeRuns(b[head+n:])
	if v.versions == nil || !v.offsetsFit() {
		return nil
	}
	return v
}

// decodeRuns returns nil for bytes that are not runs of 1 to MaxSIMs versions in total.
func decodeRuns(b []byte) []int64 {
	var versions []int64
	for len(b) > 0 {
		count, n := binary.Uvarint(b)
		if n <= 0 || count > uint64(MaxSIMs-len(versions)) {
			return nil
		}
		version, m := binary.Uvarint(b[n:])
		if m <= 0 || version > math.MaxInt64 {
			return nil
		}
		for range count {
			versions = append(versions, int64(version))
		}
		b = b[n+m:]
	}
	return versions
}

// offsetsFit reports whether the offsets mark one number per version and end at the last.
func (v *Preview) offsetsFit() bool {
	if v.offsets == nil {
		return true
	}
	set := 0
	for _, b := range v.offsets {
		set += bits.OnesCount8(b)
	}
	return set == len(v.versions) && v.offsets[len(v.offsets)-1] != 0 && v.lastOffset() < MaxSIMs
}

// lastOffset returns the last number of the range that had a SIM, counted from its start; -1 if
// the preview is not of a range.
func (v *Preview) lastOffset() int {
	if v.offsets == nil {
		return -1
	}
	end := len(v.offsets) - 1
	return 8*end + bits.Len8(v.offsets[end]) - 1
}
