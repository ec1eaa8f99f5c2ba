package console

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/simferry/simferry/internal/control"
	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/identity"
)

var devicesRoutes = []route{
	{choices: choices{"sim": {"none"}, "status": {"0", "1"}}, pattern: "GET /devices", need: identity.ReadDevices, handle: devicesPage},
	{pattern: "GET /devices/new", need: identity.WriteDevices, handle: newDevicePage},
	{pattern: "POST /devices/new", need: identity.WriteDevices, handle: createDevice},
}

// devicesPer is the number of rows of a page of devices.
const devicesPer = 50

// devicesData is the template data of the list of devices.
type devicesData struct {
	Text    string // the search text
	Status  string // "0", "1", or "" for any
	Loose   bool   // without a SIM
	Table   []deviceRow
	At      pager
	Problem string
}

// deviceRow is a device and the SIM in it.
type deviceRow struct {
	fleet.Device
	SIM fleet.SIM // the zero SIM for none
}

// Filtered reports whether the list leaves devices out.
func (d devicesData) Filtered() bool { return d.Text != "" || d.Status != "" || d.Loose }

// Without returns the address of the list without one of its filters.
func (d devicesData) Without(name string) string { return d.address(name, "", "") }

// page returns the address of the page after or before an id.
func (d devicesData) page(after, before string) string { return d.address("", after, before) }

// address returns the address of the list without a filter, after or before an id.
func (d devicesData) address(without, after, before string) string {
	v := url.Values{}
	for _, pair := range [][2]string{{"q", d.Text}, {"status", d.Status}, {"sim", map[bool]string{true: "none"}[d.Loose]}, {"after", after}, {"before", before}} {
		if pair[1] != "" && pair[0] != without {
			v.Set(pair[0], pair[1])
		}
	}
	if len(v) == 0 {
		return "/devices"
	}
	return "/devices?" + v.Encode()
}

func devicesPage(r *request) (reply, error) {
	v := r.URL.Query()
	d := devicesData{Text: strings.TrimSpace(v.Get("q")), Loose: v.Get("sim") == "none"}
	if s := v.Get("status"); s == "0" || s == "1" {
		d.Status = s
	}
	if len(d.Text) > 100 {
		d.Text = d.Text[:100]
	}
	err := r.findDevices(&d, placeOf(v, "id", devicesPer))
	switch fleet.CodeOf(err) {
	case fleet.BadQuery:
		d.Problem = text("devices.toolarge")
	default:
		if err != nil {
			return reply{}, err
		}
	}
	return r.page("devices", "devices", text("devices.title"), d)
}

// findDevices reads one page by the first filter of the search that finds anything.
func (r *request) findDevices(d *devicesData, p place) error {
	in := make(map[fleet.DeviceID]fleet.SIM)
	read := func(l fleet.List) (fleet.Page[fleet.Device], error) {
		found, err := r.control().ListDevices(r.Context(), r.caller, l)
		for _, s := range found.SIMs.Items {
			in[s.Device] = s
		}
		return found.Page, err
	}
	for _, search := range deviceSearches(d.Text) {
		l, err := p.list(fleet.DeviceList, d.filter(search))
		if err != nil {
			return err
		}
		devices, at, err := readPage(p, l, read, func(d fleet.Device) int64 { return int64(d.ID) }, d.page)
		if err != nil {
			return err
		}
		if d.At = at; at.Total > 0 {
			for _, dev := range devices {
				d.Table = append(d.Table, deviceRow{dev, in[dev.ID]})
			}
			return nil
		}
	}
	return nil
}

// deviceSearches returns filters, one of which the devices that a person looks for may have, the
// most likely one first.
func deviceSearches(words string) []string {
	if words == "" {
		return []string{""}
	}
	if strings.ContainsAny(words, ",|") {
		return nil
	}
	number := strings.NewReplacer(" ", "", "-", "").Replace(words)
	byName := []string{"name:" + anyCase(words), "tags:" + words}
	switch {
	case strings.Trim(number, "0123456789") != "":
		return byName
	case strings.HasPrefix(number, "89"):
		return append([]string{"iccid:" + number, "imei:" + number}, byName...)
	}
	return append([]string{"imei:" + number, "imsi:" + number}, byName...)
}

// anyCase returns the ways in which a name that is typed like this is usually written.
func anyCase(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	ways := []string{words, string(unicode.ToUpper(first)) + words[size:], strings.ToUpper(words), strings.ToLower(words)}
	slices.Sort(ways)
	return strings.Join(slices.Compact(ways), "|")
}

// filter joins a filter of the search with the other filters of the list.
func (d *devicesData) filter(search string) string {
	terms := []string{"status:" + cmp.Or(d.Status, "0|1"), search}
	if d.Loose {
		terms = append(terms, "sim:null")
	}
	return strings.Join(slices.DeleteFunc(terms, func(t string) bool { return t == "" }), ",")
}

// deviceForm is the form of a new device or of one that is edited.
type deviceForm struct {
	Problems      []string
	Name          string
	IMEI          string
	Lock          bool
	Tags          string
	Address       string
	Service       int64
	Tariff        int64
	Disabled      bool
	ICCID         string // of a new device
	Activate      bool   // of a new device: bring its SIM online
	Services      []fleet.Profile
	Tariffs       []fleet.Profile
	WorkspaceName string
}

// readDeviceForm reads the fields that a person typed.
func readDeviceForm(f url.Values) deviceForm {
	id := func(name string) int64 {
		n, _ := strconv.ParseInt(f.Get(name), 10, 64) // a select has numbers only
		return n
	}
	return deviceForm{
		Name: f.Get("name"), IMEI: strings.NewReplacer(" ", "", "-", "").Replace(f.Get("imei")), Lock: f.Get("lock") != "", Tags: f.Get("tags"),
		Address: f.Get("address"), Service: id("service"), Tariff: id("tariff"), Disabled: f.Get("disabled") != "",
		ICCID: strings.ReplaceAll(strings.TrimSpace(f.Get("iccid")), " ", ""), Activate: f.Get("activate") != "",
	}
}

// patch returns what the form asks the rule for.
func (d deviceForm) patch() fleet.DevicePatch {
	status := fleet.DeviceEnabled
	if d.Disabled {
		status = fleet.DeviceDisabled
	}
	p := fleet.DevicePatch{Name: &d.Name, IMEI: &d.IMEI, IMEILock: &d.Lock, Tags: &d.Tags, IPAddress: &d.Address, Status: &status}
	if d.Service != 0 {
		p.ServiceProfile = &d.Service
	}
	if d.Tariff != 0 {
		p.TariffProfile = &d.Tariff
	}
	return p
}

// addProfiles reads the profiles to choose from.
func (r *request) addProfiles(d *deviceForm) error {
	l, err := fleet.ParseList(fleet.ProfileList, "", "name", "1", "500")
	if err != nil {
		return err
	}
	for kind, to := range map[fleet.ProfileKind]*[]fleet.Profile{fleet.ServiceProfile: &d.Services, fleet.TariffProfile: &d.Tariffs} {
		found, err := r.control().ListProfiles(r.Context(), r.caller, kind, l)
		if err != nil {
			return err
		}
		*to = found.Items
	}
	return nil
}

func newDevicePage(r *request) (reply, error) { return r.newDevice(deviceForm{}) }

// newDevice shows the form of a new device, again if it has problems.
func (r *request) newDevice(d deviceForm) (reply, error) {
	if err := r.addProfiles(&d); err != nil {
		return reply{}, err
	}
	res, err := r.page("devicenew", "devices", text("device.new"), d)
	if len(d.Problems) > 0 {
		res.status = 422
	}
	return res, err
}

func createDevice(r *request) (reply, error) {
	d := readDeviceForm(r.PostForm)
	p := d.patch()
	if d.ICCID != "" {
		sim, problem, err := r.simByICCID(d.ICCID)
		if err != nil {
			return reply{}, err
		}
		if problem != "" {
			d.Problems = []string{problem}
			return r.newDevice(d)
		}
		p.SIM = &fleet.SIMAttachment{SIM: sim, Activate: d.Activate}
	}
	run := control.DeviceRun{Changes: []fleet.DeviceChange{{Patch: p}}}
	res, err := write(r, "console POST /devices/new", func(w control.Write[control.Devices]) (control.Reply, error) {
		return r.control().CreateDevices(r.Context(), r.caller, run, w)
	}, func(made control.Devices) string {
		return done("/devices/"+strconv.FormatInt(int64(made.Items[0].ID), 10), "device.created")
	})
	if d.Problems = problemsOf(err); len(d.Problems) > 0 {
		return r.newDevice(d)
	}
	return res, err
}

// simByICCID finds a SIM of the Workspace by its ICCID, with or without the check digit. It returns
// the problem if there is none.
func (r *request) simByICCID(typed string) (id fleet.SIMID, problem string, err error) {
	iccid, valid := iccidOf(typed)
	if !valid {
		return 0, text("device.iccid.wrong", typed), nil
	}
	l, err := fleet.ParseList(fleet.SIMList, "iccid:"+string(iccid), "id", "1", "1")
	if err != nil {
		return 0, "", err
	}
	found, err := r.control().ListSIMs(r.Context(), r.caller, l)
	if err != nil {
		return 0, "", err
	}
	if len(found.Items) == 0 {
		return 0, text("device.iccid.none", typed, r.caller.WorkspaceName), nil
	}
	return found.Items[0].ID, "", nil
}

// iccidOf parses an ICCID with or without its check digit.
func iccidOf(typed string) (fleet.ICCID, bool) {
	iccid, err := fleet.ParseICCID(typed)
	if err != nil {
		iccid, err = fleet.ParseICCIDWithLuhn(typed)
	}
	return iccid, err == nil
}
