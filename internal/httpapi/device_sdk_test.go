package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/test/kit"
)

// foreign is a client written for another server with this API: it behaves like the published
// Python SDK and knows only our address.
type foreign struct {
	c     *kit.Client
	token string // of the application
}

// call sends one request. It has no bearer at first, and sends "None" for one; a 401 makes
// it sign in and retry.
func (f *foreign) call(method, path string, body any) *kit.Answer {
	f.c.T.Helper()
	for range 2 {
		got := f.c.Do(method, path, body)
		if got.Status != http.StatusUnauthorized {
			return got
		}
		f.c.Token = tokensOf(f.c.Do("POST", authenticate, object{"application_token": f.token})).AuthToken
	}
	f.c.T.Fatalf("%s %s: still 401 with a new bearer", method, path)
	return nil
}

// pages requests all pages, up to the number in the first response.
func (f *foreign) pages(path string) (ids []int64) {
	f.c.T.Helper()
	for page := 1; ; page++ {
		got := f.call("GET", fmt.Sprintf("%s&page=%d", path, page), nil).Is(http.StatusOK)
		var items []struct{ ID int64 }
		got.JSON(&items)
		for _, item := range items {
			ids = append(ids, item.ID)
		}
		last, err := strconv.Atoi(got.Header["X-Total-Pages"][0]) // header names in lower case, as some HTTP/1 clients read them
		if err != nil {
			f.c.T.Fatal(err)
		}
		if page >= last {
			return ids
		}
	}
}

// create takes the id of a new device from the end of its address.
func (f *foreign) create(body object) int64 {
	f.c.T.Helper()
	location := f.call("POST", endpoint, body).Is(http.StatusCreated).Header.Get("Location")
	id, err := strconv.ParseInt(location[strings.LastIndexByte(location, '/')+1:], 10, 64)
	if err != nil {
		f.c.T.Fatalf("Location %q has no id at its end", location)
	}
	return id
}

// release suspends the SIM, disables the device, and detaches the SIM.
func (f *foreign) release(device int64) {
	f.c.T.Helper()
	var d struct {
		SIM struct{ ID int64 }
	}
	f.call("GET", deviceURL(device), nil).Is(http.StatusOK).JSON(&d)
	f.call("PATCH", simURL(d.SIM.ID), `{"status": {"id": 2.0, "description": "Suspended"}}`).Is(http.StatusNoContent)
	f.call("PATCH", deviceURL(device), `{"status": {"id": 1.0, "description": "Disabled"}}`).Is(http.StatusNoContent)
	f.call("PATCH", deviceURL(device), `{"sim": {"id": null}}`).Is(http.StatusNoContent)
}

func TestRequestsOfAForeignClient(t *testing.T) {
	kit.OnEach(t, func(t *testing.T, e kit.Engine) {
		s := kit.StartFerry(t, e)
		f := &foreign{c: withBearer(s, "None"), token: newApplicationToken(s, control.NewToken{}).Text}
		unauthorized := f.c.Get(endpoint).Is(http.StatusUnauthorized)
		if unauthorized.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("the first 401: %v", unauthorized.Header)
		}

		// It looks around: the profiles, and every SIM, page by page.
		f.call("GET", "/api/v1/service_profile", nil).Is(http.StatusOK)
		f.call("GET", "/api/v1/tariff_profile", nil).Is(http.StatusOK)
		all := f.pages("/api/v1/sim?sort=ICCID&per_page=100")
		if len(all) != 605 || all[0] != kit.AttachedSIM || !slices.IsSorted(all) {
			t.Errorf("%d SIMs, from %d on", len(all), all[0])
		}
		free := f.pages("/api/v1/sim?q=status:0,endpoint:null&sort=-ICCID&per_page=500")
		if len(free) != 601 || free[0] != 1599 {
			t.Errorf("%d SIMs are free, from %d on", len(free), free[0])
		}

		// A device whose SIM is activated, one whose SIM stays Issued, one without a SIM.
		body := object{
			"name": "meter", "tags": "arduino, meter, temp", "status": object{"id": 0.0, "description": "Enabled"},
			"service_profile": object{"id": 1, "name": "Default", "description": "x"}, "tariff_profile": object{"id": 1.0, "name": "Default"},
			"sim": object{"id": 1599},
		}
		first := f.create(body)
		body["sim"], body["name"] = object{"id": 1598, "status": object{"id": 0.0, "description": "Issued"}}, "quiet"
		second := f.create(body)
		delete(body, "sim")
		third := f.create(body)
		for sim, want := range map[int64]int64{1599: 1, 1598: 0} {
			if got := readSIM(f.c, sim).Status.ID; got != want {
				t.Errorf("SIM %d has the status %d, want %d", sim, got, want)
			}
		}
		if got := f.pages(endpoint + "?q=tags:meter,status:0&sort=-CREATED,id&per_page=2"); !slices.Equal(got, []int64{first, second, third}) {
			t.Errorf("the devices with its tag are %v", got)
		}

		// It disables one and enables it again, and reads what happened.
		f.call("PATCH", deviceURL(first), `{"status": {"id": 1.0}}`).Is(http.StatusNoContent)
		f.call("PATCH", deviceURL(first), `{"status": {"id": 0.0, "description": "Enabled"}, "name": "meter-1"}`).Is(http.StatusNoContent)
		f.release(first)
		if d := readDevice(f.c, first); d.SIM != nil || d.Status.ID != 1 || d.Name != "meter-1" {
			t.Errorf("released: %+v", d)
		}
		if sim := readSIM(f.c, 1599); sim.Status.ID != 2 || sim.Endpoint != nil {
			t.Errorf("released: %+v", sim)
		}
		var events []api.Event
		f.call("GET", deviceURL(first)+"/event", nil).Is(http.StatusOK).JSON(&events)
		var types []int64
		for _, e := range events {
			types = append(types, e.Type.ID)
			if e.User != nil {
				t.Errorf("a program is not a user: %+v", e)
			}
		}
		if diff := cmp.Diff([]int64{50, 43, 9, 42, 43, 51}, types); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}

		// The SIM is attached to the other device, and returned with all properties.
		f.call("PATCH", deviceURL(third), object{"sim": f.sim(1599)}).Is(http.StatusNoContent)
		f.call("DELETE", deviceURL(third), nil).Is(http.StatusConflict)
		f.call("PATCH", deviceURL(third), `{"sim": {"id": null}}`).Is(http.StatusNoContent)
		f.call("DELETE", deviceURL(third), nil).Is(http.StatusNoContent)
		wantCode(t, f.call("GET", deviceURL(third), nil), http.StatusNotFound, 1401)
		wantCode(t, f.call("GET", endpoint+"/-1", nil), http.StatusNotFound, 1401)
		s.CheckInvariants()
	})
}

// sim returns a SIM with all properties of a listing.
func (f *foreign) sim(id int64) (body object) {
	f.c.T.Helper()
	f.call("GET", simURL(id), nil).Is(http.StatusOK).JSON(&body)
	return body
}
