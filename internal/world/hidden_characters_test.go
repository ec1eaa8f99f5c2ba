package world_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/simferry/simferry/internal/world"
)

// A hidden character in any text of a world file is rejected for every key: the file contains
// all keys.
func TestHiddenCharactersInWorldFiles(t *testing.T) {
	text, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)[ \t]*#.*$`).ReplaceAll(text, nil)
	// A value in quotes or plain, up to a comment, a comma or the end of the line.
	value := regexp.MustCompile(`(\w+): ("[^"]*"|[^"\[\]{},#\s][^\[\]{},#\n]*[^\[\]{},#\s]|\w)( *[,}#\n])`)
	tried := 0
	for _, at := range value.FindAllSubmatchIndex(text, -1) {
		key, old := string(text[at[2]:at[3]]), strings.Trim(string(text[at[4]:at[5]]), `"`)
		if key == "password" { // hashed, never shown
			continue
		}
		for _, escaped := range []string{`\u202e`, `\u200b`, `\u0007`, `\u001b`, `\u009b`, `\u2028`, `\ufeff`, `\u00ad`} {
			file := string(text[:at[4]]) + `"` + old + escaped + `"` + string(text[at[5]:])
			if _, err := world.Parse(strings.NewReader(file)); err == nil {
				t.Errorf("%s: %q with %s is accepted", key, old, escaped)
			} else if strings.ContainsAny(err.Error(), "\u202e\u200b\a\x1b\u009b\u2028\ufeff\u00ad") {
				t.Errorf("%s: the error contains %s: %q", key, escaped, err)
			}
			tried++
		}
	}
	if tried < 400 {
		t.Errorf("%d values tried", tried)
	}
}

// harmless are the characters that the reader drops from numbers, because they occur in copied
// text: zero-width spaces, and for ICCIDs every kind of space.
var harmless = map[string]string{
	"id": "\u200b", "workspace": "\u200b", "issuer": "\u200b", "reseller": "\u200b", "device": "\u200b", "model": "\u200b",
	"service_profile": "\u200b", "tariff_profile": "\u200b", "iccid": "\u200b\u2028",
}

// The same for every column of the lists.
func TestHiddenCharactersInLists(t *testing.T) {
	devices := "id,workspace,name,status,service_profile,tariff_profile,tags,imei,imei_lock,ip_address,created"
	sims := "id,iccid,workspace,issuer,reseller,status,imsi,msisdn,eid,device,model,production_date,bic"
	for header, read := range map[string]func(world.Source) error{
		devices: func(s world.Source) error { _, err := world.ReadDevices(s); return err },
		sims:    func(s world.Source) error { _, err := world.ReadSIMs(s); return err },
	} {
		for _, column := range strings.Split(header, ",") {
			for _, r := range "\u202e\u200b\a\x1b\u009b\u2028\u00ad" {
				var file string
				switch {
				case column != "iccid" && header == sims:
					file = "iccid," + column + "\n8988303000006738593,1" + string(r) + "2\n"
				case header == devices:
					file = column + "\n1" + string(r) + "2\n"
				default:
					file = "iccid\n898830300" + string(r) + "0006738593\n"
				}
				err := read(from(file))
				if err == nil && strings.ContainsRune(harmless[column], r) {
					continue
				}
				if err == nil {
					t.Errorf("%s: %U is accepted", column, r)
				} else if strings.ContainsRune(err.Error(), r) {
					t.Errorf("%s: the error contains %U: %q", column, r, err)
				}
			}
		}
	}
}
