package fleet

import "time"

// SIMRequestID identifies a request for SIMs, and the inquiries that it leads to.
type SIMRequestID int64

// SIMRequestState is the state of a request for SIMs.
type SIMRequestState string

// The states of requests for SIMs. None of them depends on whether a SIM exists.
const (
	RequestOpen      SIMRequestState = "open"
	RequestAnswered  SIMRequestState = "answered" // at least one offer was made for it
	RequestWithdrawn SIMRequestState = "withdrawn"
	RequestExpired   SIMRequestState = "expired" // it is open, and its time is over
)

// SIMRequestStates lists every state.
var SIMRequestStates = []SIMRequestState{RequestOpen, RequestAnswered, RequestWithdrawn, RequestExpired}

// Limits of requests for SIMs.
const (
	MaxRequestICCIDs = 500 // of one request
	RequestLasts     = 14 * 24 * time.Hour
	MaxRequestTime   = 90 * 24 * time.Hour
)

// SIMRequest asks the owners of SIMs, who are not known to the Workspace that asks, for an offer.
type SIMRequest struct {
	ID        SIMRequestID
	Workspace Workspace // that asks
	User      UserID    // who made it
	Username  string
	State     SIMRequestState // RequestExpired from Expires on
	Note      Note
	Created   time.Time
	Expires   time.Time
	Ended     time.Time // when it was withdrawn; zero for never
	ICCIDs    int
}

// Answerable reports whether owners may still make an offer for the request.
func (r SIMRequest) Answerable(now time.Time) bool {
	return (r.State == RequestOpen || r.State == RequestAnswered) && now.Before(r.Expires)
}

// RequestedICCID is an ICCID of a request, and the offer that has it.
type RequestedICCID struct {
	ICCID ICCID
	Offer OfferID // 0 for none
}

// InquiryState is the state of an inquiry.
type InquiryState string

// The states of inquiries. The last two are those of the request.
const (
	InquiryOpen      InquiryState = "open"
	InquiryDeclined  InquiryState = "declined"
	InquiryOffered   InquiryState = "offered"
	InquiryWithdrawn InquiryState = "withdrawn"
	InquiryExpired   InquiryState = "expired"
)

// InquiryStates lists every state.
var InquiryStates = []InquiryState{InquiryOpen, InquiryDeclined, InquiryOffered, InquiryWithdrawn, InquiryExpired}

// Inquiry is the part of a request for SIMs that one Workspace has: its own SIMs. It has the id of
// the request, because numbers of its own would show whether other requests have found SIMs.
type Inquiry struct {
	Request   SIMRequest
	Workspace WorkspaceID // that owned the SIMs when they were looked up
	State     InquiryState
	SIMs      int // at that time
	Decided   time.Time
	DecidedBy UserID
	Decider   string
	Offer     OfferID // that it became, 0 for none
}

// InquirySIM is a SIM of an inquiry that the Workspace still owns.
type InquirySIM struct {
	SIM    SIMID
	ICCID  ICCID
	Status SIMStatus
}

// SIMRequestList is what the list of requests can be filtered and sorted by.
var SIMRequestList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "status", Kind: TextField, NoSort: true, Values: texts(SIMRequestStates...)},
	},
	DefaultSort: Order{Field: "id", Descending: true},
	PerPage:     100,
	MaxPerPage:  1000,
}

// InquiryList is what the list of inquiries can be filtered and sorted by.
var InquiryList = ListSpec{
	Fields: []ListField{
		{Name: "id"},
		{Name: "status", Kind: TextField, NoSort: true, Values: texts(InquiryStates...)},
	},
	DefaultSort: Order{Field: "id", Descending: true},
	PerPage:     100,
	MaxPerPage:  1000,
}

// NotInInquiry returns the NotFound error for SIMs that an inquiry does not have, nil for none.
func NotInInquiry(sims []SIMID) error {
	var missing []string
	for _, id := range sims {
		missing = append(missing, missingSIM("id", id))
	}
	return missingThings(missing)
}
