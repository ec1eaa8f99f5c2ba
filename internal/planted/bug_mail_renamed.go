//go:build planted_mail_renamed

package planted

const bug = "mail_renamed"
