// Package mailer writes mails and sends them to a mail server. The server is a setting: no
// request can choose it.
package mailer
