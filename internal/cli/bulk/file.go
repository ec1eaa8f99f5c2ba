package bulk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/simferry/simferry/internal/cli/atomicfile"
)

// SavePlan writes a plan that survives a power loss. Only the owner may read it.
func SavePlan(file string, p *Plan) error {
	var text bytes.Buffer
	if err := WritePlan(&text, p); err != nil {
		return err
	}
	return atomicfile.WriteFile(file, text.Bytes())
}

// WritePlan writes a plan as LoadPlan reads it.
func WritePlan(w io.Writer, p *Plan) error {
	summed := *p
	var err error
	if summed.Sum, err = p.sum(); err != nil {
		return err
	}
	text, err := json.MarshalIndent(summed, "", " ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// sum returns the checksum of everything else in a plan.
func (p *Plan) sum() (string, error) {
	rest := *p
	rest.Sum = ""
	text, err := json.Marshal(rest)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// LoadPlan reads what SavePlan wrote.
func LoadPlan(file string) (*Plan, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the user names the file
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var p Plan
	if dec.Decode(&p) != nil {
		return nil, fmt.Errorf("%s is not a valid plan: it is damaged, or another version of this program saved it: make a new plan", file)
	}
	if p.Version != PlanVersion {
		return nil, fmt.Errorf("%s is a plan of version %d, but this program reads version %d: make a new plan", file, p.Version, PlanVersion)
	}
	sum, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.Sum != "" && p.Sum != sum { // older plans have none
		return nil, fmt.Errorf("%s was edited after it was saved: make a new plan", file)
	}
	p.Sum = ""
	return &p, p.check(file)
}

// check refuses plans that no planner made: a run must be able to name every SIM by its id.
func (p *Plan) check(file string) error {
	seen, numbers := make(map[int64]bool), make(map[string]bool)
	for i, c := range p.Chunks {
		if len(c.SIMs) == 0 || len(c.SIMs) > MaxChunk || c.By != ByID && c.By != ByICCID {
			return fmt.Errorf("%s is not a valid plan: chunk %d has %d SIMs by %q", file, i+1, len(c.SIMs), c.By)
		}
		for _, s := range c.SIMs {
			if s.ID <= 0 || seen[s.ID] {
				return fmt.Errorf("%s is not a valid plan: SIM %d appears twice, or has no id", file, s.ID)
			}
			if s.ICCID != "" && numbers[s.ICCID] || s.ICCID == "" && c.By == ByICCID {
				return fmt.Errorf("%s is not a valid plan: SIM %d has no ICCID, or the ICCID of another SIM", file, s.ID)
			}
			seen[s.ID], numbers[s.ICCID] = true, true
		}
	}
	return nil
}

// FileJournal is a journal in a file, an entry a line.
type FileJournal struct{ f *os.File }

// OpenJournal opens a journal, creating it if necessary, and replays it into the state. An
// incomplete last line was never acknowledged and is removed.
func OpenJournal(file string, s *State) (*FileJournal, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // in the run's own folder
	if err != nil {
		return nil, err
	}
	whole, err := replay(f, s)
	if err == nil {
		err = f.Truncate(whole)
	}
	if err == nil {
		_, err = f.Seek(whole, io.SeekStart)
	}
	if err == nil {
		err = atomicfile.SyncDir(filepath.Dir(file))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", file, err), f.Close())
	}
	return &FileJournal{f}, nil
}

var errDamaged = errors.New("it is damaged: restore the file from a backup, or start a new run for the SIMs that have not moved")

// replay applies every complete line and returns where they end.
func replay(r io.Reader, s *State) (whole int64, err error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return 0, err
	}
	for n := 1; ; n++ {
		end := bytes.IndexByte(text[whole:], '\n')
		if end < 0 {
			return whole, nil
		}
		var e Entry
		err := errDamaged
		if json.Unmarshal(text[whole:whole+int64(end)], &e) == nil {
			err = s.Apply(e)
		}
		if err != nil {
			return 0, fmt.Errorf("line %d: %w", n, err)
		}
		whole += int64(end) + 1
	}
}

// Append writes an entry and returns once it is on the disk.
func (j *FileJournal) Append(e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if _, err := j.f.Write(append(line, '\n')); err != nil {
		return err
	}
	return j.f.Sync()
}

// Close closes the file.
func (j *FileJournal) Close() error { return j.f.Close() }

// ReadJournal replays a journal into the state and does not change the file. A missing file has
// no entries.
func ReadJournal(file string, s *State) error {
	f, err := os.Open(file) //nolint:gosec // in the run's own folder
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = replay(f, s)
	return errors.Join(err, f.Close())
}
