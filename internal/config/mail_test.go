package config_test

import (
	"testing"

	"github.com/simferry/simferry/internal/config"
)

func TestMailSettingsThatCannotWork(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"a scheme":      func(c *config.Config) { c.SMTPURL = "https://mail.example.com" },
		"no host":       func(c *config.Config) { c.SMTPURL = "smtp://" },
		"a password":    func(c *config.Config) { c.SMTPURL = "smtp://u:p@mail.example.com" },
		"a sender":      func(c *config.Config) { c.MailFrom = "nobody" },
		"a page":        func(c *config.Config) { c.ActivationPage = "javascript:alert(1)" },
		"a fragment":    func(c *config.Config) { c.ActivationPage = "https://example.com/#x" },
		"a key setting": func(c *config.Config) { c.ActivationKey = "everybody" },
		"both ways":     func(c *config.Config) { c.ActivationKey, c.SMTPURL = config.KeyInviter, "smtp://mail.example.com" },
	} {
		c := config.Default()
		change(&c)
		if c.Validate() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
