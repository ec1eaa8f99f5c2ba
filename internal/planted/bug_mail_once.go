//go:build planted_mail_once

package planted

const bug = "mail_once"
