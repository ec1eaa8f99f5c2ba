package tablefile

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Bounds of a workbook. A small file may unpack to a large one.
const (
	maxUnpacked = 4 << 30   // bytes of a sheet
	maxStrings  = 256 << 20 // bytes of the texts that cells share
	maxCells    = 16384     // of a row, as spreadsheets have it
	mostRows    = 1 << 20   // of a sheet, as spreadsheets have it

	// The same of a file from a caller of the server; see Columns.Uploaded.
	uploadUnpacked = 96 << 20
	uploadStrings  = 24 << 20
)

// workbook reads the rows of a workbook's only sheet with rows. It streams: only one row and the
// texts that cells share are in memory.
type workbook struct {
	date1904 bool

	files  map[string]*zip.File
	shared []string
	sheet  io.ReadCloser
	xml    *xml.Decoder
	row    int
	hidden [][2]int // the first and the last of columns that are hidden

	unpacked, strings int64 // most bytes of the sheet, and of the texts that cells share
}

var errNoWorkbook = formatError("it is packed, but not a workbook: save the list as .xlsx, CSV or plain text")

func brokenWorkbook(err error) error {
	var known formatError
	if errors.As(err, &known) {
		return err
	}
	return formatError("the workbook is damaged: save it again (" + err.Error() + ")")
}

func openWorkbook(r io.Reader, uploaded bool) (*workbook, error) {
	at, size, err := sized(r)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(at, size)
	if err != nil {
		return nil, brokenWorkbook(err)
	}
	b := &workbook{files: make(map[string]*zip.File, len(z.File)), unpacked: maxUnpacked, strings: maxStrings}
	if uploaded {
		b.unpacked, b.strings = uploadUnpacked, uploadStrings
	}
	for _, f := range z.File {
		b.files[strings.ToLower(strings.TrimPrefix(f.Name, "/"))] = f
	}
	sheets, err := b.sheets()
	if err != nil {
		return nil, brokenWorkbook(err)
	}
	chosen, err := b.onlySheet(sheets)
	if err != nil {
		return nil, brokenWorkbook(err)
	}
	if err := b.readShared(); err != nil {
		return nil, brokenWorkbook(err)
	}
	err = b.begin(chosen)
	return b, err
}

// sized returns an io.ReaderAt of the file and its size.
func sized(r io.Reader) (io.ReaderAt, int64, error) {
	switch f := r.(type) {
	case *os.File:
		info, err := f.Stat()
		if err != nil {
			return nil, 0, err
		}
		return f, info.Size(), nil
	case interface {
		io.ReaderAt
		Size() int64
	}:
		return f, f.Size(), nil
	}
	text, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err == nil && len(text) > maxText {
		err = formatError(fmt.Sprintf("it has more than %d MB", maxText>>20))
	}
	return bytes.NewReader(text), int64(len(text)), err
}

func (b *workbook) open(name string, most int64) (io.ReadCloser, error) {
	f := b.files[strings.ToLower(name)]
	if f == nil {
		return nil, errNoWorkbook
	}
	if f.UncompressedSize64 > uint64(most) {
		return nil, formatError(fmt.Sprintf("%s in the workbook is larger than %d MB: save the list as CSV", path.Base(name), most>>20))
	}
	return f.Open()
}

func (b *workbook) decode(name string, into any) error {
	const most = 16 << 20
	r, err := b.open(name, most)
	if err != nil {
		return err
	}
	err = xml.NewDecoder(io.LimitReader(r, most)).Decode(into)
	return errors.Join(err, r.Close())
}
