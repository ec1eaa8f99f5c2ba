// Package mailer words mails and hands them to a mail server. Which server that is, is a
// setting: nothing that a request says chooses it.
package mailer
