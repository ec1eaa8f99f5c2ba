package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
)

//go:embed static
var staticFiles embed.FS

// staticHash changes when any static file changes, so that browsers may keep the files for a year.
var staticHash = hashOf(staticFiles)

func hashOf(files fs.FS) string {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		_, _ = sum.Write([]byte(name + "\x00"))
		_, _ = sum.Write(body)
		return err
	})
	if err != nil {
		panic(err) // an embedded file can always be read
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

var staticKinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// serveStatic serves a static file. Under the hash of another version the file may differ, so it
// is not kept.
func serveStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	body, err := staticFiles.ReadFile("static/" + name)
	kind, known := staticKinds[path.Ext(name)]
	if err != nil || !known {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	if r.PathValue("hash") == staticHash {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(body) //nolint:gosec // an embedded file; on failure the browser is gone
}
