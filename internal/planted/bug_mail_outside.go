//go:build planted_mail_outside

package planted

const bug = "mail_outside"
