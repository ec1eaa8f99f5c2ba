package fleet

import "time"

// MailKind says what a mail tells its recipient.
type MailKind int8

// The kinds of mails.
const (
	MailInvitation MailKind = 0 // to a Workspace; brings the key that makes the account
	MailAdded      MailKind = 1 // to a Workspace, of somebody who has an account
	MailReset      MailKind = 2 // brings the key that sets another password
)

// Mail is one mail to be sent. Its words are chosen when it is.
type Mail struct {
	ID        int64
	UID       string // the same however often it is tried
	Kind      MailKind
	Recipient string // an e-mail address
	Name      string // of the recipient
	Workspace string // that it is about, "" for none
	Sender    string // whoever caused it, "" for the recipient
	Secret    string // the activation key, "" for none
	Expires   time.Time
	Attempts  int // with the present one
}
