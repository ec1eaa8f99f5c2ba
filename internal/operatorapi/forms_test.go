package operatorapi_test

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"github.com/simferry/simferry/internal/test/kit"
)

// The operator API reads lists as the commands do: in any encoding, and workbooks.
func TestOperatorImportsEveryForm(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		op := csv(s.Operator())
		var wide []byte
		for _, unit := range utf16.Encode([]rune("\ufeffSIM export\r\n\r\nICCID\tWorkspace\r\n'8988303000006738593\t100\r\n")) {
			wide = binary.LittleEndian.AppendUint16(wide, unit)
		}
		const one = `{"added":1,"kept":0}`
		if got := op.Post(imports, wide).Is(http.StatusOK); string(got.Body) != one {
			t.Errorf("UTF-16: %s", got.Body)
		}
		book := op.With("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		if got := book.Post(imports, workbookWith(t, "8988303000006738591")).Is(http.StatusOK); string(got.Body) != one {
			t.Errorf("workbook: %s", got.Body)
		}
		s.Untouched("lists that are refused", func() {
			for name, body := range map[string][]byte{
				"is a number in the workbook": workbookWith(t, uint64(8988303000006738599)),
				"ends in 0000":                []byte("iccid,workspace\n" + strings.Repeat("8988303000000100000,100\n", 2) + "8988303000006738595,100\n"),
				"are both iccid":              []byte("iccid,workspace,iccid\n8988303000006738595,100,8988303000006738596\n"),
				"damaged":                     []byte("PK\x03\x04 and nothing else"),
			} {
				if got := op.Post(imports, body); got.Status != http.StatusUnprocessableEntity || !strings.Contains(string(got.Body), name) {
					t.Errorf("%s: %d %s", name, got.Status, got.Body)
				}
			}
		})
	})
}

func workbookWith(t *testing.T, iccid any) []byte {
	t.Helper()
	f := excelize.NewFile()
	var b bytes.Buffer
	err := f.SetSheetRow("Sheet1", "A1", &[]any{"iccid", "workspace"})
	if err == nil {
		err = f.SetSheetRow("Sheet1", "A2", &[]any{iccid, 100})
	}
	if err == nil {
		err = f.Write(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
