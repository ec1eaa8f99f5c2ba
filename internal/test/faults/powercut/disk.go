package powercut

import (
	"math/rand/v2"
	"slices"

	"github.com/simferry/simferry/internal/test/faults/tracer"
)

// disk is what a computer has written, and which part of it surely survives a power cut. A
// file's name and its content are separate, as in a file system: the name is durable once its
// folder was synced, the content once the file was.
type disk struct {
	names map[string]*name
	acked map[string]bool // replies that clients may have seen
}

// name is a file's name: the file that has it now, and the one that surely has it after a cut.
// nil means no file.
type name struct{ now, durable *inode }

// inode is a file's content: the durable part, and the writes that may be lost.
type inode struct {
	content []byte
	pending []*op
}

func newDisk() *disk { return &disk{names: make(map[string]*name), acked: make(map[string]bool)} }

// advance applies one step of a recording.
func (d *disk) advance(s step) {
	if s.ack != "" {
		d.acked[s.ack] = true // from the beginning on: the client may have it by then
		return
	}
	if s.end {
		if s.kind == tracer.Sync {
			d.sync(s.op)
		}
		return
	}
	n := d.names[s.file]
	if n == nil {
		n = &name{}
		d.names[s.file] = n
	}
	switch s.kind {
	case tracer.Create:
		if n.now == nil {
			n.now = &inode{}
		}
	case tracer.Unlink:
		n.now = nil
	case tracer.Write, tracer.Truncate:
		if n.now != nil {
			n.now.pending = append(n.now.pending, s.op)
		}
	case tracer.Sync, tracer.Rename: // a sync counts when it ends; SQLite renames nothing
	}
}

// sync makes durable what had completed before the sync began.
func (d *disk) sync(o *op) {
	if o.file == "." {
		for _, n := range d.names {
			n.durable = n.now
		}
		return
	}
	n := d.names[o.file]
	if n == nil || n.now == nil {
		return
	}
	n.now.pending = slices.DeleteFunc(n.now.pending, func(p *op) bool {
		if p.ended < o.began {
			n.now.content = p.apply(n.now.content)
			return true
		}
		return false
	})
}

// apply applies a write or a truncation to a content.
func (o *op) apply(content []byte) []byte {
	if o.kind == tracer.Truncate {
		return resized(content, o.size)
	}
	if o.off+int64(len(o.data)) > int64(len(content)) {
		content = resized(content, o.off+int64(len(o.data)))
	}
	copy(content[o.off:], o.data)
	return content
}

func resized(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	grown := slices.Grow(content, int(size)-len(content))[:size]
	clear(grown[len(content):])
	return grown
}

// unsynced counts the writes that a cut may undo.
func (d *disk) unsynced(file string) int {
	n := d.names[file]
	if n == nil || n.now == nil {
		return 0
	}
	return len(n.now.pending)
}

// cut returns the files, by name, that are left after a power cut.
func (d *disk) cut(l chance) map[string][]byte {
	left := make(map[string][]byte)
	names := make([]string, 0, len(d.names))
	for file := range d.names {
		names = append(names, file)
	}
	slices.Sort(names) // the order of a map does not depend on the seed
	for _, file := range names {
		n := d.names[file]
		f := n.durable
		if n.now != n.durable && l.rng.IntN(2) == 0 {
			f = n.now
		}
		if f != nil {
			left[file] = f.after(l)
		}
	}
	return left
}

// chance decides which of the unsynced writes reached the disk.
type chance struct {
	rng     *rand.Rand
	keep    float64 // share of writes that reach the disk
	torn    float64 // share of these of which only some sectors do
	sector  int64
	garbage bool // missing data in a grown file is random, not zeros
	prefix  bool // writes reach the disk in order
}

func draw(rng *rand.Rand) chance {
	return chance{
		rng: rng, keep: []float64{0, 0.1, 0.5, 0.9, 1}[rng.IntN(5)], torn: []float64{0, 0.2, 1}[rng.IntN(3)],
		sector: []int64{512, 4096}[rng.IntN(2)], garbage: rng.IntN(4) == 0, prefix: rng.IntN(3) == 0,
	}
}

func (f *inode) after(l chance) []byte {
	content := slices.Clone(f.content)
	last := l.rng.IntN(len(f.pending) + 1)
	for i, o := range f.pending {
		switch {
		case l.prefix && i > last, !l.prefix && l.rng.Float64() >= l.keep:
			if l.garbage && o.kind == tracer.Write {
				content = l.fillMissing(content, o)
			}
		case o.kind == tracer.Write && (l.prefix && i == last || !l.prefix && l.rng.Float64() < l.torn):
			content = l.tearWrite(content, o)
		default:
			content = o.apply(content)
		}
	}
	return content
}

// tearWrite writes only some sectors.
func (l chance) tearWrite(content []byte, o *op) []byte {
	for at, end := o.off, o.off+int64(len(o.data)); at < end; {
		next := min(end, (at/l.sector+1)*l.sector)
		if l.rng.IntN(2) == 0 {
			content = (&op{kind: tracer.Write, off: at, data: o.data[at-o.off : next-o.off]}).apply(content)
		}
		at = next
	}
	return content
}

// fillMissing grows a file as if the data of a write were missing, with the previous contents of
// the disk.
func (l chance) fillMissing(content []byte, o *op) []byte {
	end := o.off + int64(len(o.data))
	old := int64(len(content))
	if end <= old {
		return content
	}
	content = resized(content, end)
	for i := old; i < end; i++ {
		content[i] = byte(l.rng.Uint32())
	}
	return content
}
