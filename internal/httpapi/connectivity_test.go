package httpapi_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

// A device is OFFLINE by default, and BLOCKED when it is Disabled or its SIM Suspended; a reset
// is recorded as an event, once per key.
func TestConnectivity(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		user := s.As("user@example.com")
		is := func(device int64, want string) {
			t.Helper()
			got := decodeBody[api.Connectivity](t, user.Get(deviceURL(device)+"/connectivity"), http.StatusOK)
			if got.Status.Description != want || got.Services == nil {
				t.Errorf("device %d: %+v, want %s", device, got, want)
			}
		}
		is(kit.DeviceWithSIM, "OFFLINE")
		is(kit.EmptyDevice, "OFFLINE")
		user.Patch(simURL(kit.AttachedSIM), toStatus(2)).Is(http.StatusNoContent)
		is(kit.DeviceWithSIM, "BLOCKED")
		user.Patch(simURL(kit.AttachedSIM), toStatus(1)).Is(http.StatusNoContent)
		is(kit.DeviceWithSIM, "OFFLINE")
		user.Patch(deviceURL(kit.EmptyDevice), `{"status": {"id": 1}}`).Is(http.StatusNoContent)
		is(kit.EmptyDevice, "BLOCKED")
		wantCode(t, user.Get(deviceURL(9999)+"/connectivity"), http.StatusNotFound, 1401)

		keyed := user.With("Idempotency-Key", "reset")
		for _, body := range []any{`{"location": null, "pdp_context": null}`, `{}`, nil} {
			keyed.Do(http.MethodPatch, deviceURL(kit.DeviceWithSIM)+"/connectivity", body).Is(http.StatusNoContent)
		}
		user.Patch(deviceURL(kit.DeviceWithSIM)+"/connectivity", `{"pdp_context": {}}`).Is(http.StatusNoContent)
		types := eventTypes(user, deviceURL(kit.DeviceWithSIM)+"/event", q("type:1001"))
		if !slices.Equal(types, []int64{1001, 1001}) {
			t.Errorf("events: %v", types)
		}
		s.Untouched("a reset that is refused", func() {
			wantCode(t, user.Patch(deviceURL(9999)+"/connectivity", `{}`), http.StatusNotFound, 1401)
			wantCode(t, user.Patch(deviceURL(kit.DeviceWithSIM)+"/connectivity", `{"colour": 1}`), http.StatusBadRequest, 1000)
			wantCode(t, user.Patch(deviceURL(kit.DeviceWithSIM)+"/connectivity", `null`), http.StatusBadRequest, 1000)
		})
		s.MustFsck()
	})
}
