package fleet

import "time"

// MailKind is the kind of a mail.
type MailKind int8

// The kinds of mails.
const (
	MailInvitation MailKind = 0 // to a Workspace; contains the key that creates the account
	MailAdded      MailKind = 1 // a user with an account was added to a Workspace
	MailReset      MailKind = 2 // contains the key that sets a new password
	MailNotice     MailKind = 3 // about an offer or a job; see Notice
)

// Mail is a mail to be sent. Its text is written when it is sent.
type Mail struct {
	ID        int64
	UID       string // the same for all attempts
	Kind      MailKind
	Recipient string // an e-mail address
	Name      string // of the recipient
	Workspace string // that it concerns, "" for none
	Sender    string // the user who caused it, "" for the recipient
	Secret    string // the activation key, "" for none
	Expires   time.Time
	Attempts  int // including the current one
	Notice    Notice
	Text      NoticeText // of a MailNotice
}
