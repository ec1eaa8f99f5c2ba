package iccidfile

import (
	"errors"
	"fmt"
	"io"

	"github.com/simferry/simferry/internal/tablefile"
)

// ReadSome reads like Read, for a caller who may go on without the faulty lines: it adds the ICCIDs
// of the others, and returns the faults. A fault without a line concerns the whole file, and then
// nothing is added. err says why the file could not be read.
func (l *List) ReadSome(source string, r io.Reader) (faults Faults, err error) {
	raw, err := whole(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", source, err)
	}
	p := &parser{source: source}
	if err := p.file(raw); err != nil {
		return nil, fmt.Errorf("read %s: %w", source, err)
	}
	var good []Number
	for i := range p.numbers.Len() {
		id, line := p.numbers.At(i)
		if p.precision.Repeated(id) {
			p.fault(line, tablefile.RepeatedShort(id))
			continue
		}
		good = append(good, Number{id, Place{source, line}})
	}
	if err := p.precision.File(); err != nil {
		return Faults{{Place{Source: source}, err.Error()}}, nil
	}
	if len(p.faults) == 0 && len(good) == 0 {
		p.fault(0, errors.New("it contains no ICCID"))
	}
	for _, n := range good {
		l.Add(n)
	}
	return p.faults, nil
}

// whole reads a file that is not too large.
func whole(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = fmt.Errorf("it has more than %d MB", maxFile>>20)
	}
	return raw, err
}
