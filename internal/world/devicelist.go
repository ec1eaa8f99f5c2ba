package world

import (
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// DeviceList is a valid CSV file of devices. It does not keep them in memory: they are read
// again on demand.
type DeviceList struct {
	Count int
	MaxID fleet.DeviceID // that the file names; 0 if it names none
	open  Source
}

// DeviceLine is a device and the physical line of the file, from 1, of it. Fields that the file
// leaves out are zero.
type DeviceLine struct {
	fleet.Device
	Line int
}

// Devices reads the devices in the file's order. It ends with the first error: a read error, or
// a file that has changed.
func (l *DeviceList) Devices() iter.Seq2[DeviceLine, error] {
	return again(l.open, l.Count, readDevices)
}

// deviceColumns are in the order in which they are written.
var deviceColumns = tablefile.Columns{Singular: "a device", Names: []string{
	"id", "workspace", "name", "status", "service_profile", "tariff_profile", "tags", "imei", "imei_lock", "ip_address", "created",
}}

// ReadDevices reads a CSV file of devices. Its first line names the columns, in any order and
// case; any may be left out, as may their values. status is a word as in the world file, or as
// in the API (disabled or Disabled); imei_lock is true or false; created is RFC 3339 or
// 2021-11-18. The columns are separated by commas, semicolons or tabs.
//
// Errors are a *fleet.Error ValidationFailed with one of Problems per bad value, up to 1000; a
// failure to open or to read is returned unchanged.
func ReadDevices(open Source) (*DeviceList, error) {
	p := &fleet.Problems{}
	list := &DeviceList{open: open}
	d := newDuplicateFinder()
	err := readDevices(open, p, func(line DeviceLine, sound bool) bool {
		d.see(idKey(line.ID))
		if sound {
			list.Count++
			list.MaxID = max(list.MaxID, line.ID)
		}
		return true
	})
	if err == nil && d.any() {
		err = readDevices(open, &fleet.Problems{}, func(line DeviceLine, _ bool) bool {
			d.name(&row{line: line.Line, problems: p}, "id", idKey(line.ID), line.ID)
			return true
		})
	}
	if err != nil {
		return nil, err
	}
	if p.Total() > 0 {
		return nil, p.Err()
	}
	return list, nil
}

// readDevices reads the file once, as readSIMs does.
func readDevices(open Source, p *fleet.Problems, take func(line DeviceLine, sound bool) bool) error {
	return readTable(open, deviceColumns, p, func(r *row) bool {
		before := p.Total()
		d := r.device()
		return take(DeviceLine{d, r.line}, p.Total() == before)
	})
}

// device reads the values of one row.
func (r *row) device() (d fleet.Device) {
	for i, column := range r.table.Columns {
		value, err := r.value(i)
		if err == nil && value != "" {
			err = setDevice(&d, column, value)
		}
		if err != nil {
			r.fault(column, fleet.InvalidFormat, "%v", err)
		}
	}
	for _, p := range d.Check() {
		if p.Code == fleet.OutOfRange { // the other rules were checked value by value
			r.problems.AddAt(r.line, p.Code, "%s", p.Message)
		}
	}
	return d
}

// setDevice puts one value into its field; columns are the known ones.
func setDevice(d *fleet.Device, column, value string) (err error) {
	switch column {
	case "id":
		d.ID, err = parseID[fleet.DeviceID](value)
	case "workspace":
		d.Workspace, err = parseID[fleet.WorkspaceID](value)
	case "name":
		d.Name, err = fleet.ParseName(value)
	case "status":
		d.Status, err = parseDeviceStatus(value)
	case "service_profile":
		d.ServiceProfile, err = parseID[int64](value)
	case "tariff_profile":
		d.TariffProfile, err = parseID[int64](value)
	case "tags":
		d.Tags, err = fleet.ParseTags(value)
	case "imei":
		d.IMEI, err = parseIMEI(value)
	case "imei_lock":
		d.IMEILock, err = parseTruth(value)
	case "ip_address":
		d.IPAddress, err = parseIP(value)
	case "created":
		d.Created, err = parseDate(value)
	}
	return err
}

func parseDeviceStatus(s string) (fleet.DeviceStatus, error) {
	status, ok := fleet.ByKeyword(fleet.DeviceStatuses, strings.ToLower(s))
	if !ok {
		return 0, fmt.Errorf("%q is unknown: write one of %s", clip(s), fleet.Keywords(fleet.DeviceStatuses))
	}
	return status, nil
}

func parseTruth(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", clip(s))
}

// DeviceWriter writes devices as a CSV file that ReadDevices reads.
type DeviceWriter struct{ out *tablefile.Writer }

// NewDeviceWriter writes the first line.
func NewDeviceWriter(w io.Writer) (*DeviceWriter, error) {
	out, err := tablefile.NewWriter(w, deviceColumns.Names...)
	return &DeviceWriter{out}, err
}

// Write writes one device.
func (w *DeviceWriter) Write(d fleet.Device) error {
	return w.out.Write(
		idText(d.ID), idText(d.Workspace), d.Name, word(fleet.DeviceStatuses, d.Status), idText(d.ServiceProfile), idText(d.TariffProfile),
		d.Tags, d.IMEI, strconv.FormatBool(d.IMEILock), d.IPAddress, instantText(d.Created))
}

// Close flushes the buffer.
func (w *DeviceWriter) Close() error { return w.out.Close() }
