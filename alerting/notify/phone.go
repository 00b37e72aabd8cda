package notify

import "strings"

// Dial is the recipient's telephone number as Chinese carriers and clouds take
// it: a mobile of the mainland has its eleven digits alone, any other number
// its country code and digits. What cannot be a number is a BadRecipient.
func (r Recipient) Dial() (string, error) {
	if r.Phone == "" {
		return "", Failed(BadRecipient, "%s has no telephone number in the roster", r.who())
	}
	if strings.Trim(r.Phone, "0123456789") != "" || len(r.Phone) < 7 || len(r.Phone) > 15 {
		return "", Failed(BadRecipient, "the telephone number of %s is no number: write country code and digits, e.g. 8613812345678", r.who())
	}
	if mobile, ok := strings.CutPrefix(r.Phone, "86"); ok && len(mobile) == 11 && mobile[0] == '1' {
		return mobile, nil
	}
	return r.Phone, nil
}

func (r Recipient) who() string {
	switch {
	case r.Name != "":
		return FarText(r.Name)
	case r.Person != "":
		return FarText(r.Person)
	}
	return "the recipient"
}
