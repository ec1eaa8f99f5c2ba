package fleet

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Numbers are ICCIDs with the lines of the file that they were read from. Each takes 12 bytes. They
// are kept in blocks, so that adding one copies nothing.
type Numbers struct {
	blocks [][]entry
	count  int
}

// entry is an ICCID and its line. It has no padding.
type entry struct{ high, low, line uint32 }

const numbersBlock = 1 << 14

// Add adds an ICCID; line is 0 if it has none.
func (n *Numbers) Add(id ICCID, line int) {
	number, _ := strconv.ParseUint(string(id), 10, 64) // 19 digits fit
	n.add(entry{uint32(number >> 32), uint32(number), uint32(line)})
}

func (n *Numbers) add(e entry) {
	if n.count%numbersBlock == 0 {
		n.blocks = append(n.blocks, make([]entry, 0, numbersBlock))
	}
	last := len(n.blocks) - 1
	n.blocks[last] = append(n.blocks[last], e)
	n.count++
}

// Len returns how many there are.
func (n *Numbers) Len() int { return n.count }

func (n *Numbers) entry(i int) entry { return n.blocks[i/numbersBlock][i%numbersBlock] }

func (e entry) number() uint64 { return uint64(e.high)<<32 | uint64(e.low) }

// At returns an ICCID and its line.
func (n *Numbers) At(i int) (id ICCID, line int) {
	e := n.entry(i)
	return ICCID(fmt.Sprintf("%0*d", ICCIDLength, e.number())), int(e.line)
}

// Distinct returns each ICCID once, where it comes first, in the same order.
func (n *Numbers) Distinct() *Numbers {
	order := make([]int32, n.count)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(n.entry(int(a)).number(), n.entry(int(b)).number()), cmp.Compare(a, b))
	})
	twice := make([]bool, n.count)
	for i := 1; i < len(order); i++ {
		twice[order[i]] = n.entry(int(order[i])).number() == n.entry(int(order[i-1])).number()
	}
	once := &Numbers{}
	for i, again := range twice {
		if !again {
			once.add(n.entry(i))
		}
	}
	return once
}

// Digest identifies the ICCIDs and their lines.
func (n *Numbers) Digest() string {
	sum := sha256.New()
	var buffer [entrySize]byte
	for i := range n.count {
		_, _ = sum.Write(n.entry(i).pack(buffer[:0])) // never fails
	}
	return hex.EncodeToString(sum.Sum(nil))
}

const entrySize = 12

func (e entry) pack(to []byte) []byte {
	to = binary.LittleEndian.AppendUint64(to, e.number())
	return binary.LittleEndian.AppendUint32(to, e.line)
}

// JSON encodes a selection. It copies the packed ICCIDs once only.
func (s JobSelection) JSON() (string, error) {
	packed := s.Packed
	s.Packed = nil
	rest, err := json.Marshal(s)
	if err != nil || packed == nil {
		return string(rest), err
	}
	var b strings.Builder
	b.Grow(len(rest) + packedChars*packed.count + 16)
	b.Write(rest[:len(rest)-1])
	if len(rest) > 2 {
		b.WriteByte(',')
	}
	b.WriteString(`"packed":"`)
	var raw [entrySize]byte
	var text [packedChars]byte
	for i := range packed.count {
		base64.RawStdEncoding.Encode(text[:], packed.entry(i).pack(raw[:0]))
		b.Write(text[:])
	}
	b.WriteString(`"}`)
	return b.String(), nil
}

// packedChars is how many characters a packed ICCID has.
const packedChars = 16

// ParseJobSelection decodes what JSON has encoded. It does not copy the packed ICCIDs.
func ParseJobSelection(text string) (s JobSelection, err error) {
	const mark = `"packed":"`
	rest, packed, found := strings.Cut(text, mark)
	if found {
		text, packed = strings.TrimSuffix(rest, ",")+"}", strings.TrimSuffix(packed, `"}`)
		if s.Packed, err = unpack(packed); err != nil {
			return s, err
		}
	}
	err = json.Unmarshal([]byte(text), &s)
	return s, err
}

func unpack(text string) (*Numbers, error) {
	if len(text)%packedChars != 0 {
		return nil, errors.New("the packed ICCIDs are cut off")
	}
	n := &Numbers{}
	var buffer [entrySize]byte
	for ; len(text) > 0; text = text[packedChars:] {
		if _, err := base64.RawStdEncoding.Decode(buffer[:], []byte(text[:packedChars])); err != nil {
			return nil, err
		}
		number := binary.LittleEndian.Uint64(buffer[:])
		n.add(entry{uint32(number >> 32), uint32(number), binary.LittleEndian.Uint32(buffer[8:])})
	}
	return n, nil
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
