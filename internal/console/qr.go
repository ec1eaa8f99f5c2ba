package console

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrCode is a QR code as the path of an SVG picture.
type qrCode struct {
	Path string
	Size int // width and height of the picture in modules, with its quiet zone
}

// qrOf encodes a text as a QR code.
func qrOf(content string) (qrCode, error) {
	code, err := qr.Encode(content, qr.M, qr.Auto)
	if err != nil {
		return qrCode{}, fmt.Errorf("draw QR code: %w", err)
	}
	const quiet = 4
	var path strings.Builder
	size := code.Bounds().Dx()
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				_, _ = fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet) // a Builder never fails
			}
		}
	}
	return qrCode{Path: path.String(), Size: size + 2*quiet}, nil
}
