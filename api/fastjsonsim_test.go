package api_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/simferry/simferry/api"
)

func instant() *rapid.Generator[api.Time] {
	return rapid.Custom(func(t *rapid.T) api.Time {
		seconds := rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds") // the years 1 to 9999
		return api.Time{Time: time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))}
	})
}

func workspaceRef() *rapid.Generator[api.WorkspaceRef] {
	country := rapid.Custom(func(t *rapid.T) api.Country {
		return api.Country{
			ID: rapid.Int64().Draw(t, "id"), Name: text().Draw(t, "name"), ISOCode: text().Draw(t, "iso"),
			MCC: text().Draw(t, "mcc"), CountryCode: text().Draw(t, "code"),
		}
	})
	return rapid.Custom(func(t *rapid.T) api.WorkspaceRef {
		return api.WorkspaceRef{ID: rapid.Int64().Draw(t, "id"), Name: text().Draw(t, "name"), Country: rapid.Ptr(country, true).Draw(t, "country")}
	})
}

func TestAppendSIMIsEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := api.SIM{
			ID: rapid.Int64().Draw(t, "id"), ICCID: text().Draw(t, "iccid"), ICCIDWithLuhn: text().Draw(t, "luhn"), EID: text().Draw(t, "eid"),
			IMSI: text().Draw(t, "imsi"), MSISDN: text().Draw(t, "msisdn"), Status: ref().Draw(t, "status"),
			ProductionDate: instant().Draw(t, "produced"), ActivationDate: rapid.Ptr(instant(), true).Draw(t, "activated"),
			CustomerOrg: rapid.Ptr(workspaceRef(), true).Draw(t, "customer"), IssuerOrg: rapid.Ptr(workspaceRef(), true).Draw(t, "issuer"),
			ResellerOrg: rapid.Ptr(workspaceRef(), true).Draw(t, "reseller"), Endpoint: rapid.Ptr(namedRef(), true).Draw(t, "endpoint"),
			Model: api.Model{
				ID: rapid.Int64().Draw(t, "model"), Description: text().Draw(t, "description"), MemorySize: rapid.Int64().Draw(t, "memory"),
				FormFactor: namedRef().Draw(t, "formfactor"), Manufacturer: namedRef().Draw(t, "manufacturer"),
			},
		}
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(s); err != nil {
			t.Fatal(err)
		}
		if got := string(s.AppendJSON(nil)) + "\n"; got != want.String() {
			t.Fatalf("got  %s\nwant %s", got, want.String())
		}
	})
}
