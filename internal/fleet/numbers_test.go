package fleet_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/internal/fleet"
)

// TestNumbersRoundTrip encodes a selection with more ICCIDs than a block has, and decodes it.
func TestNumbersRoundTrip(t *testing.T) {
	list := &fleet.Numbers{}
	for i := range 40_000 {
		list.Add(fleet.ICCID(fmt.Sprintf("%019d", 8988303000000000000+i%30_000)), i+1)
	}
	once := list.Distinct()
	if id, line := once.At(29_999); once.Len() != 30_000 || id != "8988303000000029999" || line != 30_000 {
		t.Errorf("%d, the last is %s in line %d", once.Len(), id, line)
	}
	for _, sel := range []fleet.JobSelection{{Packed: list}, {SIMs: []fleet.SIMID{1}, Packed: list}, {SIMs: []fleet.SIMID{1}}} {
		text, err := sel.JSON()
		if err != nil {
			t.Fatal(err)
		}
		got, err := fleet.ParseJobSelection(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sel.SIMs, got.SIMs); diff != "" || sel.Packed != nil && (got.Packed == nil || got.Packed.Digest() != list.Digest()) {
			t.Errorf("%.80s: %s", text, diff)
		}
	}
	if _, err := fleet.ParseJobSelection(`{"packed":"AAAA"}`); err == nil {
		t.Error("a text that is cut off was accepted")
	}
}
