package iccidfile

import (
	"errors"
	"fmt"
	"io"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// Some is what was read from a file without its faulty lines.
type Some struct {
	Numbers *fleet.Numbers // each once
	Twice   int            // ICCIDs that were in the file again
	Faults  Faults         // the first ones
	Faulty  int            // all faults
}

// smallFile is the size up to which a file may have any form that List.Read reads.
const smallFile = 1 << 20

// ReadSome reads like Read, but can go on without the faulty lines: it returns the ICCIDs of the
// others, and at most kept faults. A fault without a line concerns the whole file, and then no
// ICCID is returned. A file of more than a megabyte is read piece by piece, as by Stream. err says
// why the file could not be read.
func ReadSome(source string, open tablefile.Source, size int64, kept int) (some Some, err error) {
	p := &parser{source: source, kept: kept, limit: mostNumbers}
	if err := p.read(open, size); err != nil {
		return some, fmt.Errorf("read %s: %w", source, err)
	}
	if why := p.rounded(); why != "" {
		return Some{Numbers: &fleet.Numbers{}, Faults: Faults{{Place{Source: source}, why}}, Faulty: 1}, nil
	}
	good := p.certain().Distinct()
	if p.faulty == 0 && good.Len() == 0 {
		p.fault(0, errors.New("it contains no ICCID"))
	}
	return Some{Numbers: good, Twice: p.numbers.Len() - p.uncertain - good.Len(), Faults: p.faults, Faulty: p.faulty}, nil
}

// rounded says why all ICCIDs of the file look rounded, "" if they do not.
func (p *parser) rounded() string {
	if err := p.precision.File(); err != nil {
		return err.Error()
	}
	return ""
}

// certain returns the ICCIDs without those that a spreadsheet may have rounded, which are faults.
func (p *parser) certain() *fleet.Numbers {
	if !p.precision.Repeats() {
		return &p.numbers
	}
	good := &fleet.Numbers{}
	for i := range p.numbers.Len() {
		id, line := p.numbers.At(i)
		if p.precision.Repeated(id) {
			p.uncertain++
			p.fault(line, tablefile.RepeatedShort(id))
			continue
		}
		good.Add(id, line)
	}
	return good
}

// whole reads a file that is not too large.
func whole(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = fmt.Errorf("it has more than %d MB", maxFile>>20)
	}
	return raw, err
}
