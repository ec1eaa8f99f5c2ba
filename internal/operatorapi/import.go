package operatorapi

import (
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"

	wire "github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/operator"
	"github.com/simferry/simferry/internal/world"
)

// workbookType is the media type of an .xlsx file.
const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// maxImport is the maximum size of a list of SIMs, before and after decompression: about four
// million lines.
const maxImport = 256 << 20

// importSIMs imports a CSV file like 'simferry sim import'. It writes the body to a temporary
// file first, because the list is read several times and does not fit into memory.
func (a *api) importSIMs(r *request) (response, error) {
	home, err := homeOf(r)
	if err != nil {
		return response{}, err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "text/csv" && kind != workbookType {
		return response{}, fleet.Errorf(fleet.BadRequest, "Content-Type: it must be text/csv, or %s for a workbook", workbookType)
	}
	file, sum, err := spooled(r)
	if err != nil {
		return response{}, err
	}
	defer discard(file)
	list, err := world.ReadSIMs(func() (io.Reader, error) {
		_, err := file.Seek(0, io.SeekStart)
		return file, err
	})
	if err != nil {
		return response{}, err
	}
	canonical := struct {
		Workspace fleet.WorkspaceID
		Body      []byte
	}{home, sum}
	return r.once("operator.sim.import", canonical, func(o rules) (control.Reply, error) {
		done, err := o.ImportSIMs(r.Context(), list, home, nil)
		if err != nil {
			return control.Reply{}, err
		}
		return replyWith(importedBody)(done), nil
	})
}

func importedBody(done operator.Imported) wire.OperatorImported {
	return wire.OperatorImported{Added: done.Added, Kept: done.Kept}
}

// homeOf reads the Workspace for lines that name none.
func homeOf(r *request) (fleet.WorkspaceID, error) {
	q := r.URL.Query()
	if !q.Has("workspace") {
		return 0, nil
	}
	id, err := strconv.ParseInt(q.Get("workspace"), 10, 64)
	if err != nil || id < 1 {
		return 0, fleet.Invalid("workspace", "it must be a whole number from 1")
	}
	return fleet.WorkspaceID(id), nil
}

// spooled writes a body to a temporary file and returns its checksum.
func spooled(r *request) (*os.File, []byte, error) {
	plain, err := r.Stream(maxImport)
	if err != nil {
		return nil, nil, err
	}
	file, err := os.CreateTemp("", "simferry-import-*.csv")
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(plain, maxImport+1))
	var large *http.MaxBytesError
	var path *os.PathError
	switch {
	case errors.As(err, &large), n > maxImport:
		err = fleet.Errorf(fleet.TooLarge, "The list is larger than %d MiB: split it", maxImport>>20)
	case fleet.CodeOf(err) != 0:
	case errors.As(err, &path): // a fault of the server, such as a full disk
	case err != nil:
		err = &fleet.Error{Code: fleet.BadRequest, Message: "The body could not be read", Err: err}
	}
	if err != nil {
		discard(file)
		return nil, nil, err
	}
	return file, sum.Sum(nil), nil
}

func discard(file *os.File) {
	_ = file.Close()
	_ = os.Remove(file.Name()) // if this fails, the system cleans up temporary files
}
