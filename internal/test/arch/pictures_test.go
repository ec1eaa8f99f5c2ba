package arch_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	// picturesDir has the pictures of the documents. make pictures writes them.
	picturesDir = "docs/pictures"

	// maxPicture is the largest size of a picture in bytes: each clone has all of them.
	maxPicture = 150_000
)

var (
	pictureElement = regexp.MustCompile(`(?s)<picture>.*?</picture>`)
	pictureSource  = regexp.MustCompile(`<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">`)
	pictureImage   = regexp.MustCompile(`<img src="([^"]+)" alt="([^"]+)">`)
)

// Every picture of a document exists in light and dark and has a description, and every stored
// picture is in a document.
func TestPicturesOfDocuments(t *testing.T) {
	used := make(map[string]bool)
	for _, file := range docFiles(t) {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		shown, faults := picturesOf(filepath.Dir(file), string(text))
		for _, fault := range faults {
			t.Errorf("%s: %s", file, fault)
		}
		for _, picture := range shown {
			used[picture] = true
		}
	}
	stored, err := filepath.Glob(filepath.Join(root, picturesDir, "*"))
	if err != nil || len(stored) < 8 {
		t.Fatalf("%d pictures in %s, %v", len(stored), picturesDir, err)
	}
	for _, file := range stored {
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		if !used[name] {
			t.Errorf("no document shows %s", name)
		}
		if info, err := os.Stat(file); err != nil || info.Size() > maxPicture {
			t.Errorf("%s has %d bytes; at most %d are allowed: %v", name, info.Size(), maxPicture, err)
		}
	}
}

// picturesOf returns the pictures that a document of a folder shows, and what is wrong with them.
func picturesOf(dir, text string) (files, faults []string) {
	elements := pictureElement.FindAllString(text, -1)
	if n := strings.Count(text, "<img"); n != len(elements) {
		faults = append(faults, "an <img> is not in a <picture>")
	}
	for _, element := range elements {
		dark, light := pictureSource.FindStringSubmatch(element), pictureImage.FindStringSubmatch(element)
		if dark == nil || light == nil {
			faults = append(faults, "a picture has no dark source, no image or no alt text: "+element)
			continue
		}
		if strings.Replace(light[1], "-light.", "-dark.", 1) != dark[1] {
			faults = append(faults, light[1]+" and "+dark[1]+" are not the same picture")
		}
		for _, target := range []string{light[1], dark[1]} {
			file := filepath.Join(dir, target)
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				faults = append(faults, target+" does not exist: make pictures writes it")
			}
			files = append(files, file)
		}
	}
	return files, faults
}

// The check of pictures can fail.
func TestPictureFaultsAreFound(t *testing.T) {
	const dark = `<source media="(prefers-color-scheme: dark)" srcset="docs/pictures/migrate-dark.svg">`
	for text, faults := range map[string]int{
		`<picture>` + dark + `<img src="docs/pictures/migrate-light.svg" alt="a run"></picture>`: 0,
		`<picture>` + dark + `<img src="docs/pictures/migrate-light.svg" alt=""></picture>`:      1,
		`<picture><img src="docs/pictures/migrate-light.svg" alt="a run"></picture>`:             1,
		`<picture>` + dark + `<img src="docs/pictures/nowhere-light.svg" alt="a run"></picture>`: 2,
		`<img src="docs/pictures/migrate-light.svg" alt="a run">`:                                1,
	} {
		if _, got := picturesOf(".", text); len(got) != faults {
			t.Errorf("%s: %d faults, want %d: %v", text, len(got), faults, got)
		}
	}
}
