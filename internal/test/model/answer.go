package model

import (
	"maps"
	"time"
)

// object is a JSON object.
type object = map[string]any

// Answer is the response that the model expects to a request.
type Answer struct {
	Status int
	Body   any               // as JSON; nil for none
	Free   []string          // properties of Body that must be there and may say what they like
	Alike  bool              // the body is not of the model, but the same on both engines
	Raw    []byte            // instead of Body: exactly these bytes
	Secret bool              // the body holds what only a server can make up
	Header map[string]string // headers that must be so; "" must be absent
}

// refusal returns an error body whose words are free.
func refusal(status, code int, token string) Answer {
	return Answer{Status: status, Body: object{"error_code": code, "error_token": token}, Free: []string{"message"}}
}

func badRequest() Answer { return refusal(400, 1000, "BadRequest") }
func forbidden() Answer  { return refusal(403, 1104, "Forbidden") }

// notFound returns the response for an object that is not found.
func notFound(words string) Answer {
	return Answer{Status: 404, Body: object{"error_code": 1201, "error_token": "NotFound", "message": words}}
}

func noBearer() Answer {
	return Answer{Status: 401, Body: object{}, Free: []string{"message"}, Header: map[string]string{"WWW-Authenticate": "Bearer"}}
}

func refusedSignIn() Answer { return Answer{Status: 401} }

func ok(body any) Answer { return Answer{Status: 200, Body: body} }

func (a Answer) with(name, value string) Answer {
	header := maps.Clone(a.Header)
	if header == nil {
		header = map[string]string{}
	}
	header[name] = value
	a.Header = header
	return a
}

// Without returns the response without the expectation for a header.
func (a Answer) Without(name string) Answer {
	a.Header = maps.Clone(a.Header)
	delete(a.Header, name)
	return a
}

func resourceTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000+0000") }
func eventTime(t time.Time) string    { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func statusRef(id int) object { return object{"id": id, "description": simStatusNames[id]} }

func (m *Model) workspaceRef(id int64) object {
	return object{"id": id, "name": m.workspaces[id].name}
}

// addDevice adds an endpoint if there is one.
func (m *Model) addDevice(to object, device int64) object {
	if device != 0 {
		to["endpoint"] = object{"id": device, "name": m.devices[device].name}
	}
	return to
}

// withLuhn adds the check digit: double every second digit from the right, sum the digits.
func withLuhn(iccid string) string {
	sum := 0
	for i := range len(iccid) {
		d := int(iccid[len(iccid)-1-i] - '0')
		if i%2 == 0 {
			d = 2*d/10 + 2*d%10
		}
		sum += d
	}
	return iccid + string(rune('0'+(10-sum%10)%10))
}
