package fleet

import "time"

// NoticeKind is what a notice is about.
type NoticeKind string

// The kinds of notices.
const (
	NoticeOfferMade     NoticeKind = "offer_made"     // to the receiver's Administrators
	NoticeOfferReminder NoticeKind = "offer_reminder" // to the same, while the offer is pending
	NoticeOfferEnded    NoticeKind = "offer_ended"    // to the user who made the offer
	NoticeApproval      NoticeKind = "approval"       // to Administrators that can approve a job
	NoticeInquiry       NoticeKind = "inquiry"        // to the Administrators of the owner of SIMs
)

// Notice is a mail about an offer, a job or an inquiry. Its text is written when it is sent. A user
// gets at most one notice of each kind, subject and part.
type Notice struct {
	Kind      NoticeKind
	Subject   int64 // the id of the offer, job or inquiry
	Part      int   // the number of a reminder, else 0
	Workspace WorkspaceID
	User      UserID // the recipient
	Expires   time.Time
}

// NoticeText is what a notice says: only what its recipient may see.
type NoticeText struct {
	Kind      NoticeKind
	Subject   int64
	Workspace string // of the recipient
	Other     string // the other Workspace, "" if there is none
	SIMs      int
	Note      Note
	At        time.Time // when the offer, the job or the request was made
	Until     time.Time // by when it needs a decision
	By        string    // who caused it, "" if the recipient may not know
	Outcome   OfferState
	Accepted  int
	Refused   int
	Gone      int
}
