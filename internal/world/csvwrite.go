package world

import (
	"io"
	"strconv"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// exportColumns are the columns of a written list, always in this order.
var exportColumns = []string{
	"id", "iccid", "imsi", "msisdn", "eid", "workspace", "issuer", "reseller", "status", "production_date",
	"activation_date", "device", "model", "bic",
}

// SIMWriter writes SIMs as a CSV file that ReadSIMs reads.
type SIMWriter struct{ out *tablefile.Writer }

// NewSIMWriter writes the first line.
func NewSIMWriter(w io.Writer) (*SIMWriter, error) {
	out, err := tablefile.NewWriter(w, exportColumns...)
	return &SIMWriter{out}, err
}

// Write writes one SIM.
func (w *SIMWriter) Write(s fleet.SIM) error {
	return w.out.Write(
		idText(s.ID), string(s.ICCID), s.IMSI, s.MSISDN, s.EID, idText(s.Workspace), idText(s.Issuer), idText(s.Reseller),
		word(fleet.SIMStatuses, s.Status), instantText(s.Produced), instantText(s.Activated), idText(s.Device), idText(s.Model), s.BIC)
}

// Close flushes the buffer.
func (w *SIMWriter) Close() error { return w.out.Close() }

// idText formats an id; it returns "" for none.
func idText[T ~int64](id T) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

func instantText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// word returns the world file's spelling of an entry of a closed list.
func word[T ~int8](list []fleet.Named[T], id T) string {
	for _, n := range list {
		if n.ID == id {
			return n.Keyword()
		}
	}
	return ""
}
