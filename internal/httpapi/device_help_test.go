package httpapi_test

import (
	"fmt"
	"net/http"

	"github.com/simferry/simferry/api"
	"github.com/simferry/simferry/internal/test/kit"
)

const (
	endpoint = "/api/v1/endpoint"
	multi    = "/api/v2/endpoint/multi"
)

func deviceURL(id int64) string { return fmt.Sprintf("%s/%d", endpoint, id) }

func readDevice(c *kit.Client, id int64) (d api.Device) {
	c.T.Helper()
	c.Get(deviceURL(id)).Is(http.StatusOK).JSON(&d)
	return d
}

// makeDevice creates a device with Ferry's profiles and some optional properties.
func makeDevice(c *kit.Client, more object) (d api.Device) {
	c.T.Helper()
	c.Post(endpoint, deviceBody(more)).Is(http.StatusCreated).JSON(&d)
	return d
}

func deviceBody(more object) object {
	body := object{"status": object{"id": 0}, "service_profile": object{"id": 1}, "tariff_profile": object{"id": 1}}
	for k, v := range more {
		body[k] = v
	}
	return body
}

// deviceEvents returns the types and descriptions of a device's events, oldest first.
func deviceEvents(c *kit.Client, device int64) (list []string) {
	c.T.Helper()
	var events []api.Event
	c.Get(deviceURL(device) + "/event?sort=id").Is(http.StatusOK).JSON(&events)
	for _, e := range events {
		list = append(list, fmt.Sprintf("%d %s", e.Type.ID, e.Description))
	}
	return list
}

// simOfDevice returns the SIM in a device, 0 for none.
func simOfDevice(c *kit.Client, device int64) int64 {
	c.T.Helper()
	if d := readDevice(c, device); d.SIM != nil {
		return d.SIM.ID
	}
	return 0
}

// deviceOfSIM returns the device of a SIM, 0 for none.
func deviceOfSIM(c *kit.Client, sim int64) int64 {
	c.T.Helper()
	if s := readSIM(c, sim); s.Endpoint != nil {
		return s.Endpoint.ID
	}
	return 0
}
