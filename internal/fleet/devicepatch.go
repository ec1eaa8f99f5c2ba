package fleet

import (
	"net/netip"
	"strings"
	"unicode/utf8"
)

// The limits of a device's texts, in characters.
const (
	maxDeviceName = 255
	maxDeviceTags = 1024
)

// DevicePatch is a change of a device; nil leaves a field unchanged, "" clears it.
type DevicePatch struct {
	Name, Tags, IMEI, IPAddress   *string
	IMEILock                      *bool
	Status                        *DeviceStatus
	ServiceProfile, TariffProfile *int64
	IPAddressSpace                *int64 `json:",omitempty"` // 0 clears it
	SIM                           *SIMAttachment
}

// SIMAttachment puts a SIM into a device, or removes the SIM that is in it.
type SIMAttachment struct {
	Out      bool       // remove the SIM; SIM and Activate are ignored
	SIM      SIMID      // to put in
	Activate bool       // activate a SIM that is Issued; ignored with a Status
	Status   *SIMStatus `json:",omitempty"` // the SIM's new status, which must be an allowed transition
}

// Patched returns the device with the patch applied, and the problems of invalid values. Fields
// are named as in the API.
func (d Device) Patched(p DevicePatch) (Device, []Problem) {
	was := d
	for _, v := range []struct {
		to   *string
		from *string
	}{{&d.Name, p.Name}, {&d.Tags, p.Tags}, {&d.IMEI, p.IMEI}, {&d.IPAddress, p.IPAddress}} {
		if v.from != nil {
			*v.to = strings.TrimSpace(*v.from)
		}
	}
	replace(&d.IMEILock, p.IMEILock)
	replace(&d.Status, p.Status)
	replace(&d.ServiceProfile, p.ServiceProfile)
	replace(&d.TariffProfile, p.TariffProfile)
	replace(&d.IPAddressSpace, p.IPAddressSpace)
	if ip, err := netip.ParseAddr(d.IPAddress); err == nil && ip.Zone() == "" {
		d.IPAddress = ip.String()
	}
	return d, d.check(was)
}

func replace[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Check reports invalid values of a device.
func (d Device) Check() []Problem { return d.check(Device{}) }

// check ignores texts that have not changed, because older versions accepted more characters.
func (d Device) check(was Device) (bad []Problem) {
	add := func(code Code, message string) { bad = append(bad, Problem{code, message}) }
	for _, t := range []struct {
		field      string
		value, was string
		most       int
		tooLong    string
	}{
		{"name", d.Name, was.Name, maxDeviceName, "name: at most 255 characters"},
		{"tags", d.Tags, was.Tags, maxDeviceTags, "tags: at most 1024 characters"},
	} {
		if err := CheckText(t.value); err != nil && t.value != t.was {
			add(InvalidFormat, t.field+": "+err.Error())
		}
		if utf8.RuneCountInString(t.value) > t.most {
			add(OutOfRange, t.tooLong)
		}
	}
	if d.IMEI != "" && (len(d.IMEI) < 14 || len(d.IMEI) > 16 || strings.Trim(d.IMEI, "0123456789") != "") {
		add(InvalidFormat, "imei: it must be 14 to 16 digits, as text")
	}
	if ip, err := netip.ParseAddr(d.IPAddress); d.IPAddress != "" && (err != nil || ip.Zone() != "") {
		add(InvalidFormat, "ip_address: it must be an IPv4 or IPv6 address")
	}
	if d.IPAddressSpace < 0 {
		add(OutOfRange, "ip_address_space: its id must be a positive number")
	}
	return bad
}
