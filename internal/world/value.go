package world

import (
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/simferry/simferry/internal/fleet"
	"github.com/simferry/simferry/internal/tablefile"
)

// The lengths of the numbers on a SIM, in digits.
const (
	minIMSI, maxIMSI     = 6, 15  // ITU-T E.212: country, network and at least one more digit
	minMSISDN, maxMSISDN = 3, 15  // ITU-T E.164, with the country code
	minIMEI, maxIMEI     = 14, 16 // 3GPP TS 23.003, with check digit or software version or without
	eidLength            = 32     // GSMA SGP.02
)

// scientific matches the form in which spreadsheets write long numbers; some countries use a
// comma.
var scientific = regexp.MustCompile(`^[+-]?\d+([.,]\d*)?[eE][+-]?\d+$`)

// refusal returns err, or for a number in scientific notation an error that says what to do:
// its digits cannot be restored.
func refusal(s string, err error) error {
	if err != nil && scientific.MatchString(s) {
		return tablefile.Rounded(s)
	}
	return err
}

func parseICCID(s string) (fleet.ICCID, error) {
	iccid, err := fleet.ParseICCIDWithLuhn(s)
	return iccid, refusal(s, err)
}

func parseDigits(s string, least, most int) (string, error) {
	isDigit := func(r rune) bool { return '0' <= r && r <= '9' }
	switch {
	case len(s) >= least && len(s) <= most && strings.TrimFunc(s, isDigit) == "":
		return s, nil
	case least == most:
		return "", refusal(s, fmt.Errorf("%q must be exactly %d digits", clip(s), most))
	default:
		return "", refusal(s, fmt.Errorf("%q must be %d to %d digits and nothing else", clip(s), least, most))
	}
}

// parseEID refuses numbers that a program has rounded: a spreadsheet keeps 15 of their 32 digits,
// other programs keep 53 bits.
func parseEID(s string) (string, error) {
	eid, err := parseDigits(s, eidLength, eidLength)
	if n, ok := new(big.Int).SetString(eid, 10); err == nil && ok && n.Sign() > 0 {
		const floatBits = 53
		if strings.HasSuffix(eid, strings.Repeat("0", eidLength-15)) || int(n.TrailingZeroBits()) >= n.BitLen()-floatBits && n.BitLen() > floatBits {
			return "", tablefile.Rounded(eid)
		}
	}
	return eid, err
}

func parseBIC(s string) (string, error) {
	bic, err := fleet.ParseBIC(s)
	return bic, refusal(s, err)
}

// parseIP also converts an address to canonical form.
func parseIP(s string) (string, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return "", fmt.Errorf("%q is not a valid IP address: write it like 10.64.12.181 or 2001:db8::1", clip(s))
	}
	return ip.String(), nil
}

func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a valid date: write 2021-11-18 or 2021-11-18T08:25:53Z", clip(s))
}

func parseCountry(s string) (string, error) {
	country, known := fleet.CountryByISO(strings.ToUpper(s))
	if !known {
		return "", fmt.Errorf("%q is not a valid country: write the two letters of ISO 3166-1, such as DE", clip(s))
	}
	return country.ISO, nil
}

// clip shortens a value for an error message.
func clip(s string) string { return fleet.ClipTo(s, 60) }
