package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/simferry/simferry/api"
)

// text draws strings that are hard to encode: control characters, quotes, other scripts, line
// separators and invalid UTF-8.
func text() *rapid.Generator[string] {
	awkward := rapid.SampledFrom([]string{
		"\x00", "\x01", "\b", "\t", "\n", "\v", "\f", "\r", "\x1f", "\x7f", `"`, `\`, "/", "<", ">", "&",
		"\u2027", "\u2028", "\u2029", "\u202a", "\ufffd", "é", "漢", "😀", "\x80", "\xc3", "\xe2\x80", "\xed\xa0\x80", "\xf0\x9f\x98", "\xff",
	})
	piece := rapid.OneOf(awkward, rapid.String(), rapid.StringMatching(`[0-9A-Za-z -]{0,12}`))
	return rapid.Map(rapid.SliceOfN(piece, 0, 5), func(p []string) string { return strings.Join(p, "") })
}

func ref() *rapid.Generator[api.Ref] {
	return rapid.Custom(func(t *rapid.T) api.Ref {
		return api.Ref{ID: rapid.Int64().Draw(t, "id"), Description: text().Draw(t, "description")}
	})
}

func namedRef() *rapid.Generator[api.NamedRef] {
	return rapid.Custom(func(t *rapid.T) api.NamedRef {
		return api.NamedRef{ID: rapid.Int64().Draw(t, "id"), Name: text().Draw(t, "name")}
	})
}

func migrationSIM() *rapid.Generator[api.MigrationSIM] {
	return rapid.Custom(func(t *rapid.T) api.MigrationSIM {
		return api.MigrationSIM{
			ID:              rapid.Int64().Draw(t, "id"),
			ICCID:           text().Draw(t, "iccid"),
			ICCIDWithLuhn:   text().Draw(t, "iccid_with_luhn"),
			Status:          ref().Draw(t, "status"),
			Endpoint:        rapid.Ptr(namedRef(), true).Draw(t, "endpoint"),
			SourceWorkspace: namedRef().Draw(t, "source"),
		}
	})
}

// listOf also draws nil, because null and [] differ on the wire.
func listOf[T any](g *rapid.Generator[T]) *rapid.Generator[[]T] {
	return rapid.OneOf(rapid.Just([]T(nil)), rapid.SliceOfN(g, 0, 4))
}

func TestAppendJSONIsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := api.MigrationResponse{
			SIMCount:           rapid.Int().Draw(t, "count"),
			DryRun:             rapid.Bool().Draw(t, "dry run"),
			TargetWorkspace:    namedRef().Draw(t, "target"),
			AutoDetachDevices:  rapid.Bool().Draw(t, "detach"),
			AllowedSIMStatuses: listOf(ref()).Draw(t, "allowed"),
			SIMs:               listOf(migrationSIM()).Draw(t, "sims"),
		}
		if got, want := string(r.AppendJSON(nil)), standard(t, &r); got != want {
			t.Fatalf("AppendJSON\n got %q\nwant %q", got, want)
		}
	})
}

func TestAppendJSONAppends(t *testing.T) {
	r := sample(2)
	want := "kept" + standard(t, &r)
	if got := string(r.AppendJSON([]byte("kept"))); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// standard encodes v with encoding/json, with HTML escaping off.
func standard(t interface{ Fatal(...any) }, v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// sample returns a response with n SIMs, every other one in a device.
func sample(n int) api.MigrationResponse {
	r := api.MigrationResponse{SIMCount: n, TargetWorkspace: api.NamedRef{ID: 200, Name: "Fleet BR"}}
	for i := range n {
		s := api.MigrationSIM{
			ID:              int64(100000 + i),
			ICCID:           fmt.Sprintf("8988303000%09d", i),
			ICCIDWithLuhn:   fmt.Sprintf("8988303000%09d7", i),
			Status:          api.Ref{ID: 1, Description: "Activated"},
			SourceWorkspace: api.NamedRef{ID: 100, Name: "Fleet DE"},
		}
		if i%2 == 0 {
			s.Endpoint = &api.NamedRef{ID: int64(9000 + i), Name: fmt.Sprintf("tracker-%d", i)}
		}
		r.SIMs = append(r.SIMs, s)
	}
	return r
}

func BenchmarkMigrationResponse(b *testing.B) {
	r := sample(500)
	b.Run("AppendJSON", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf = r.AppendJSON(buf[:0])
		}
		b.SetBytes(int64(len(buf)))
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		var buf bytes.Buffer
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		for b.Loop() {
			buf.Reset()
			if err := e.Encode(&r); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(buf.Len()))
	})
}
