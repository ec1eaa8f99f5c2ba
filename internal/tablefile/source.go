package tablefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Source opens a file again, at its beginning. A reader that is an io.ReaderAt with a size (as
// *os.File and *bytes.Reader are) is needed for workbooks.
type Source func() (io.Reader, error)

// format is the format of a file.
type format int

const (
	utf8Text format = iota
	westernText
	utf16Little
	utf16Big
	workbookFormat
)

// formatError is a file that is not a table.
type formatError string

func (e formatError) Error() string { return string(e) }

var (
	errOldWorkbook = formatError("it is a workbook of an old kind (.xls): save it as .xlsx or CSV")
	errCompressed  = formatError("it is compressed: unpack it first")
	errNoText      = formatError("it is not text: save the list as CSV, as a workbook (.xlsx) or as plain text")
	errUTF32       = formatError("it is UTF-32 text: save it as UTF-8")
	errCutOff      = formatError("it is cut off: UTF-16 text has an even number of bytes")
)

// detect reads a file to its end and detects its format.
func detect(open Source) (format, error) {
	r, err := open()
	if err != nil {
		return 0, err
	}
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("read the file: %w", err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return workbookFormat, nil
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return 0, errOldWorkbook
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return 0, errCompressed
	case wideText(head):
		return 0, errUTF32
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return utf16Little, evenSize(in)
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return utf16Big, evenSize(in)
	case zeros(head, 1):
		return utf16Little, evenSize(in)
	case zeros(head, 0):
		return utf16Big, evenSize(in)
	}
	return textFormat(in)
}

// wideText reports whether a text is UTF-32: its byte order mark, and the first characters, which
// are ASCII, have three zeros each.
func wideText(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	little := bytes.Equal(head[1:4], []byte{0, 0, 0}) && bytes.Equal(head[5:8], []byte{0, 0, 0})
	big := bytes.Equal(head[:3], []byte{0, 0, 0}) && bytes.Equal(head[4:7], []byte{0, 0, 0})
	return little || big || bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")) || bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff"))
}

// zeros reports whether every other byte, from the given one on, is zero and the others
// are not: UTF-16 of Latin text without a byte order mark.
func zeros(head []byte, from int) bool {
	if len(head) < 4 {
		return false
	}
	for i := range len(head) / 2 * 2 {
		if (head[i] == 0) != (i%2 == from) {
			return false
		}
	}
	return true
}

func evenSize(in io.Reader) error {
	n, err := io.Copy(io.Discard, in)
	switch {
	case err != nil:
		return fmt.Errorf("read the file: %w", err)
	case n%2 != 0:
		return errCutOff
	}
	return nil
}

// textFormat reads further and distinguishes UTF-8 from the other encodings of spreadsheets.
func textFormat(in io.Reader) (format, error) {
	found := utf8Text
	var rest []byte
	buffer := make([]byte, 64<<10)
	for {
		n, err := in.Read(buffer)
		text := slices.Concat(rest, buffer[:n])
		if bytes.IndexByte(text, 0) >= 0 {
			return 0, errNoText
		}
		if found == utf8Text {
			whole := len(text) - unfinished(text)
			if errors.Is(err, io.EOF) {
				whole = len(text)
			}
			if !utf8.Valid(text[:whole]) {
				found = westernText // names beside the numbers; the numbers are ASCII in any case
			}
			rest = append(rest[:0], text[whole:]...)
		}
		switch {
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return 0, fmt.Errorf("read the file: %w", err)
		}
	}
}

// unfinished returns the number of bytes at the end that begin an incomplete character.
func unfinished(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if c := text[len(text)-n]; utf8.RuneStart(c) {
			if !utf8.FullRune(text[len(text)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// decoded returns the text of a file as UTF-8 without a byte order mark, every line end a line
// feed.
func (f format) decoded(r io.Reader) io.Reader {
	switch f {
	case westernText:
		r = transform.NewReader(r, charmap.Windows1252.NewDecoder())
	case utf16Little:
		r = transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder())
	case utf16Big:
		r = transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder())
	default:
		r = transform.NewReader(r, unicode.BOMOverride(transform.Nop))
	}
	return &lineFeeds{in: r}
}

// lineFeeds turns CR LF and CR alone into LF.
type lineFeeds struct {
	in io.Reader
	cr bool // the last byte was one
}

func (l *lineFeeds) Read(p []byte) (int, error) {
	for {
		n, err := l.in.Read(p)
		kept := 0
		for _, c := range p[:n] {
			switch {
			case c == '\n' && l.cr:
				l.cr = false
				continue
			case c == '\r':
				l.cr = true
				c = '\n'
			default:
				l.cr = false
			}
			p[kept] = c
			kept++
		}
		if kept > 0 || err != nil || len(p) == 0 {
			return kept, err
		}
	}
}
