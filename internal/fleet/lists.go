package fleet

// SIMList is what GET /api/v1/sim can be filtered and sorted by.
var SIMList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "iccid", Kind: PrefixField},
		{Name: "iccid_with_luhn", Kind: LuhnField},
		{Name: "imsi", Kind: TextField},
		{Name: "msisdn", Kind: TextField},
		{Name: "eid", Kind: TextField},
		{Name: "status", Numbers: ids(SIMStatuses)},
		{Name: "endpoint", Nullable: true},
		{Name: "customer_org"},
		{Name: "issuer_org"},
		{Name: "reseller_org", Nullable: true},
		{Name: "production_date", Kind: TimeField},
		{Name: "model"},
		{Name: "satellite_capable", Kind: BoolField, NoSort: true}, // no SIM is
	},
	DefaultSort: Order{Field: "id"},
	PerPage:     2000,
	MaxPerPage:  2500,
}

// DeviceList is what GET /api/v1/endpoint can be filtered and sorted by.
var DeviceList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "name", Kind: PrefixField},
		{Name: "status", Numbers: ids(DeviceStatuses)},
		{Name: "tags", Kind: TagField},
		{Name: "imei", Kind: PrefixField},
		{Name: "ip_address", Kind: TextField},
		{Name: "service_profile", Nullable: true},
		{Name: "tariff_profile", Nullable: true},
		{Name: "sim", Nullable: true},
		{Name: "sim_status", Nullable: true, Numbers: ids(SIMStatuses)},
		{Name: "iccid", Kind: PrefixField, NoSort: true}, // of the SIM in it, as in the two fields below
		{Name: "iccid_with_luhn", Kind: LuhnField, NoSort: true},
		{Name: "imsi", Kind: TextField, NoSort: true},
		{Name: "created", Kind: TimeField},
		{Name: "last_updated", Kind: TimeField},
	},
	DefaultSort: Order{Field: "id"},
	PerPage:     1000,
	MaxPerPage:  2000,
}

// ProfileList is what the lists of profiles can be filtered and sorted by.
var ProfileList = ListSpec{
	Fields:      []ListField{{Name: "id"}, {Name: "name", Kind: PrefixField}},
	DefaultSort: Order{Field: "id"},
	PerPage:     1000,
	MaxPerPage:  2000,
}

// maxEventValues is the vendor's limit for the event filters that take several values.
const maxEventValues = 6

// vendorEventTypes are the numbers of the vendor's types of events. A filter by one that Simferry
// never writes is valid and matches nothing, as the vendor's clients expect.
var vendorEventTypes = [2]int64{1, 999}

// errorCodes are the numbers of errors.
var errorCodes = [2]int64{1000, 9999}

// EventList is what the event lists can be filtered and sorted by. Fields with two names have
// the vendor's name and an older name.
var EventList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "timestamp", Kind: TimeField},
		{Name: "from", Kind: FromField, NoSort: true},
		{Name: "until", Kind: UntilField, NoSort: true},
		{Name: "type", Most: maxEventValues, Range: vendorEventTypes, Numbers: []int64{int64(EventConnectivityReset)}},
		{Name: "event_type", Most: maxEventValues, Range: vendorEventTypes, Numbers: []int64{int64(EventConnectivityReset)}},
		{Name: "source", Numbers: ids(EventSources)},
		{Name: "event_source", Numbers: ids(EventSources)},
		{Name: "severity", Numbers: ids(Severities)},
		{Name: "event_severity", Numbers: ids(Severities)},
		{Name: "alert", Kind: BoolField},
		{Name: "description", Kind: PrefixField, NoSort: true},
		{Name: "organisation", Kind: NameField},
		{Name: "user", Kind: NameField, Nullable: true, Most: maxEventValues},
		{Name: "endpoint", Kind: NameField, Nullable: true, Most: maxEventValues},
		{Name: "sim", Nullable: true},
		{Name: "tags", Kind: TagField},
		{Name: "ip_address", Kind: TextField},
		{Name: "imei", Kind: PrefixField, NoSort: true},
		{Name: "iccid", Kind: PrefixField, Most: maxEventValues},
		{Name: "iccid_with_luhn", Kind: LuhnField, NoSort: true, Most: maxEventValues},
		{Name: "imsi", Kind: TextField},
		{Name: "network", Kind: NeverField, NoSort: true, Most: maxEventValues},
		{Name: "rat", Kind: NeverField, NoSort: true, Most: maxEventValues},
		{Name: "country", Kind: NeverField, NoSort: true, Most: maxEventValues},
	},
	DefaultSort: Order{Field: "id", Descending: true},
	PerPage:     100,
	MaxPerPage:  2500,
}

// maxMoved is how many SIMs, Workspaces or references one filter of the ledger takes.
const maxMoved = 100

// MigrationList is what GET /api/v1/migration can be filtered and sorted by.
var MigrationList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "timestamp", Kind: TimeField},
		{Name: "from", Kind: FromField, NoSort: true},
		{Name: "until", Kind: UntilField, NoSort: true},
		{Name: "user"},
		{Name: "source_workspace", NoSort: true, Most: maxMoved},
		{Name: "target_workspace"},
		{Name: "sim", NoSort: true, Most: maxMoved},
		{Name: "iccid", Kind: ICCIDField, NoSort: true, Most: maxMoved},
		{Name: "iccid_with_luhn", Kind: LuhnField, NoSort: true, Most: maxMoved},
		{Name: "reference", Kind: TextField, NoSort: true, Most: maxMoved},
		{Name: "job", NoSort: true, Most: maxMoved},
	},
	DefaultSort: Order{Field: "id", Descending: true},
	PerPage:     100,
	MaxPerPage:  1000,
}

// UserList is what GET /api/v1/user can be filtered and sorted by.
var UserList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "username", Kind: PrefixField},
		{Name: "name", Kind: PrefixField},
		{Name: "status", Numbers: ids(UserStatuses)},
		{Name: "organisation", Kind: NameField},
		{Name: "created", Kind: TimeField},
	},
	DefaultSort: Order{Field: "id"},
	PerPage:     100,
	MaxPerPage:  1000,
}

// AuditList is what GET /api/v1/audit can be filtered and sorted by.
var AuditList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "timestamp", Kind: TimeField},
		{Name: "actor", Numbers: ids(Actors)},
		{Name: "user", Nullable: true},
		{Name: "application_token", Nullable: true},
		{Name: "address", Kind: TextField},
		{Name: "request_id", Kind: TextField},
		{Name: "action", Kind: TextField, Values: texts(AuditActions...)},
		{Name: "outcome", Kind: TextField, Values: []string{AuditDone, AuditRefused}},
		{Name: "error_code", Range: errorCodes},
		{Name: "subject_type", Kind: TextField, Values: AuditSubjects},
		{Name: "subject", Kind: TextField},
		{Name: "migration", Nullable: true},
	},
	DefaultSort: Order{Field: "id", Descending: true},
	PerPage:     100,
	MaxPerPage:  2500,
}

// ApplicationTokenList is what GET /api/v1/application_token can be filtered and sorted by.
var ApplicationTokenList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "status", Numbers: []int64{0, 1}},
		{Name: "created", Kind: TimeField},
		{Name: "expiry_date", Kind: TimeField},
	},
	DefaultSort: Order{Field: "id"},
	PerPage:     100,
	MaxPerPage:  1000,
}
