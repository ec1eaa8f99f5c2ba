package fleet

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Numbers are ICCIDs with the lines of the file that they were read from. Each takes 12 bytes.
type Numbers struct {
	iccids []uint64
	lines  []int32
}

// Add adds an ICCID; line is 0 if it has none.
func (n *Numbers) Add(id ICCID, line int) {
	number, _ := strconv.ParseUint(string(id), 10, 64) // 19 digits fit
	n.iccids, n.lines = append(n.iccids, number), append(n.lines, int32(line))
}

// Len returns how many there are.
func (n *Numbers) Len() int { return len(n.iccids) }

// At returns an ICCID and its line.
func (n *Numbers) At(i int) (id ICCID, line int) {
	return ICCID(fmt.Sprintf("%0*d", ICCIDLength, n.iccids[i])), int(n.lines[i])
}

// Digest identifies the ICCIDs and their lines.
func (n *Numbers) Digest() string {
	sum := sha256.New()
	var buffer [12]byte
	for i, number := range n.iccids {
		binary.LittleEndian.PutUint64(buffer[:], number)
		binary.LittleEndian.PutUint32(buffer[8:], uint32(n.lines[i]))
		_, _ = sum.Write(buffer[:]) // never fails
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Parts cuts a selection into parts that have one kind of SIMs each, and at most so many: as a plan
// takes them. The ICCIDs of more are parts, too.
func (s JobSelection) Parts(most int, more *Numbers, give func(JobSelection) error) error {
	for from := 0; from < len(s.SIMs); from += most {
		if err := give(JobSelection{SIMs: s.SIMs[from:min(from+most, len(s.SIMs))]}); err != nil {
			return err
		}
	}
	for from := 0; from < len(s.ICCIDs); from += most {
		part := JobSelection{ICCIDs: s.ICCIDs[from:min(from+most, len(s.ICCIDs))]}
		if s.Lines != nil {
			part.Lines = s.Lines[from:min(from+most, len(s.ICCIDs))]
		}
		if err := give(part); err != nil {
			return err
		}
	}
	for from := 0; more != nil && from < more.Len(); from += most {
		var part JobSelection
		for i := from; i < min(from+most, more.Len()); i++ {
			id, line := more.At(i)
			part.ICCIDs, part.Lines = append(part.ICCIDs, id), append(part.Lines, line)
		}
		if err := give(part); err != nil {
			return err
		}
	}
	for _, whole := range s.whole() {
		if err := give(whole); err != nil {
			return err
		}
	}
	return nil
}

// whole returns the parts of a selection that are not cut.
func (s JobSelection) whole() (parts []JobSelection) {
	for _, r := range s.Ranges {
		parts = append(parts, JobSelection{Ranges: []ICCIDRange{r}})
	}
	for _, f := range s.Filters {
		parts = append(parts, JobSelection{Filters: []JobFilter{f}})
	}
	if s.FailedOf != nil {
		parts = append(parts, JobSelection{FailedOf: s.FailedOf})
	}
	if s.DoneBy != nil {
		parts = append(parts, JobSelection{DoneBy: s.DoneBy})
	}
	return parts
}
