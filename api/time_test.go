package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/simferry/simferry/api"
)

func TestTimesAreWrittenInUTC(t *testing.T) {
	at := time.Date(2021, 11, 18, 9, 25, 53, 7_999_999, time.FixedZone("", 3600))
	if got, want := marshal(t, api.Time{Time: at}), `"2021-11-18T08:25:53.007+0000"`; got != want {
		t.Errorf("Time: got %s, want %s", got, want)
	}
	if got, want := marshal(t, api.EventTime{Time: at}), `"2021-11-18T08:25:53.007Z"`; got != want {
		t.Errorf("EventTime: got %s, want %s", got, want)
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTimeFormats(t *testing.T) {
	want := time.Date(2021, 11, 18, 8, 25, 53, 0, time.UTC)
	for _, in := range []string{
		`"2021-11-18T08:25:53.000+0000"`, `"2021-11-18T08:25:53.000Z"`, `"2021-11-18T08:25:53Z"`, `"2021-11-18T08:25:53+0000"`,
		`"2021-11-18T09:25:53+01:00"`, `"2021-11-18T09:25:53.000000+0100"`, `"2021-11-18T03:55:53-0430"`,
	} {
		var resource api.Time
		var event api.EventTime
		if err := json.Unmarshal([]byte(in), &resource); err != nil || !resource.Equal(want) {
			t.Errorf("Time %s: got %v, %v", in, resource, err)
		}
		if err := json.Unmarshal([]byte(in), &event); err != nil || !event.Equal(want) {
			t.Errorf("EventTime %s: got %v, %v", in, event, err)
		}
	}
}

func TestTimesRefuse(t *testing.T) {
	for _, in := range []string{
		`""`, `"2021-11-18"`, `"2021-11-18 08:25:53Z"`, `"2021-11-18T08:25:53"`, `"2021-13-18T08:25:53Z"`, `"2021-11-18T8:25:53Z"`,
		`"2021-11-18T08:25:53,5Z"`, `"2021-02-30T08:25:53Z"`, `1637223953`, `"9999-12-31T23:59:59-0100"`, `"yesterday"`, `{}`,
	} {
		var at api.Time
		err := json.Unmarshal([]byte(in), &at)
		if err == nil || !strings.Contains(err.Error(), in) {
			t.Errorf("%s: got %v, %v, want an error that names the value", in, at, err)
		}
	}
}

func TestTimeIgnoresNull(t *testing.T) {
	at := api.NewTime(time.Unix(1, 0))
	if err := json.Unmarshal([]byte(`null`), &at); err != nil || at.Unix() != 1 {
		t.Errorf("got %v, %v", at, err)
	}
}

func TestLongYearsAreNotEncoded(t *testing.T) {
	if b, err := json.Marshal(api.NewTime(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))); err == nil {
		t.Errorf("the year 10000 was written as %s", b)
	}
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{`"2021-11-18T08:25:53.000+0000"`, `"2022-03-27T23:20:49.298Z"`, `"2021-11-18T08:25:53.123456789-04:30"`, `"0000-01-01T00:00:00+2359"`, `null`, `""`, `"+0000"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var resource api.Time
		var event api.EventTime
		err := resource.UnmarshalJSON(data)
		if other := event.UnmarshalJSON(data); (other == nil) != (err == nil) || !resource.Equal(event.Time) {
			t.Fatalf("%q: Time reads %v, %v and EventTime %v, %v", data, resource, err, event, other)
		}
		if err != nil || string(data) == "null" {
			return
		}
		roundTrip(t, resource, new(api.Time))
		roundTrip(t, event, new(api.EventTime))
	})
}

// roundTrip checks that an encoded time decodes to the same instant, to the millisecond.
func roundTrip(t *testing.T, v interface{ UnixMilli() int64 }, to interface {
	json.Unmarshaler
	UnixMilli() int64
}) {
	t.Helper()
	written := marshal(t, v)
	if err := to.UnmarshalJSON([]byte(written)); err != nil || to.UnixMilli() != v.UnixMilli() {
		t.Fatalf("%s reads back as %d, %v, want %d", written, to.UnixMilli(), err, v.UnixMilli())
	}
}
