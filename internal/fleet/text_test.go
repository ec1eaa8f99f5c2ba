package fleet_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/simferry/simferry/internal/fleet"
)

// Every control, bidirectional and invisible character is rejected at any position, and the
// error shows only its number.
func TestHiddenCharactersAreRefused(t *testing.T) {
	const invisible = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069" +
		"\u2800\u3164\ufe0f\ufe00\ufeff\uffa0\ufff9\ufffe\U000e0001\U000e0041\U000e0100"
	list := []rune(invisible)
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Cc, unicode.Cf) {
			list = append(list, r)
		}
	}
	for _, r := range list {
		for _, name := range []string{"meter" + string(r), string(r) + "meter", "me" + string(r) + "ter", "meter" + string(r) + string(r)} {
			_, err := fleet.ParseName(name)
			if err == nil {
				t.Errorf("%U in %q is accepted", r, name)
				continue
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("%U", r)) || strings.ContainsRune(err.Error(), r) {
				t.Errorf("%U: the error is %q", r, err)
			}
			d := fleet.Device{Name: name, Tags: name}
			if bad := d.Check(); len(bad) != 2 {
				t.Errorf("%U in a device: %v", r, bad)
			}
		}
		if _, err := fleet.ParseUsername("ad" + string(r) + "min@example.com"); err == nil {
			t.Errorf("%U in a username is accepted", r)
		}
	}
	for _, bad := range []string{"", " ", "\u3000", "\xff", "a\x80b", "\xed\xa0\x80"} {
		if _, err := fleet.ParseName(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	for _, bad := range []string{"zwnj\u0645\u200c\u0645@example.com", "\u2764\ufe0f@example.com"} {
		if _, err := fleet.ParseUsername(bad); err == nil {
			t.Errorf("the username %q is accepted", bad)
		}
	}
}

// Names of all scripts, and emoji, are accepted unchanged.
func TestNamesOfAllScripts(t *testing.T) {
	for _, name := range []string{
		"Fleet DE", "Zoë Nöwak", "e\u0301lectricit\u00e9", "Ελλάδα", "Москва", "東京メーター", "葛\U000e0100飾", "서울", "ירושלים", "القاهرة",
		"می\u200cخواهم", "क्\u200dष", "ක්\u200dෂ", "👩\u200d👧", "👩🏽\u200d🔧", "❤\ufe0f", "A & B <c> \"d\"", "=1+2", "tracker-7",
	} {
		if got, err := fleet.ParseName(name); err != nil || got != name {
			t.Errorf("%q: %q %v", name, got, err)
		}
	}
}

// A device whose name an older version accepted can be changed without renaming it.
func TestExistingNamesAreKept(t *testing.T) {
	old := fleet.Device{Name: "a\u200bb"}
	status, name := fleet.DeviceDisabled, "c\u200bd"
	if _, bad := old.Patched(fleet.DevicePatch{Status: &status}); len(bad) > 0 {
		t.Errorf("another status: %v", bad)
	}
	if _, bad := old.Patched(fleet.DevicePatch{Name: &name}); len(bad) != 1 {
		t.Errorf("another such name: %v", bad)
	}
}
