package web

import (
	"maps"
	"slices"
	"strings"

	"coldchain/alerting/duty"
)

// hidden is a roster as anybody who reaches the page may see it: names, roles
// and hours, but of telephone numbers and addresses no more than lets a person
// recognise them.
func hidden(r duty.Roster) duty.Roster {
	r.Persons = slices.Clone(r.Persons)
	for i := range r.Persons {
		p := &r.Persons[i]
		p.Phone, p.Email = hidePhone(p.Phone), hideEmail(p.Email)
		p.Handle = maps.Clone(p.Handle)
		for channel := range p.Handle {
			p.Handle[channel] = stars
		}
	}
	return r
}

const stars = "****"

// hidePhone keeps country, network and the last four digits: 86138****5678.
func hidePhone(phone string) string {
	if len(phone) < 10 {
		return strings.Repeat("*", min(len(phone), 4))
	}
	return phone[:5] + stars + phone[len(phone)-4:]
}

func hideEmail(email string) string {
	_, host, ok := strings.Cut(email, "@")
	if !ok {
		return ""
	}
	return stars + "@" + host
}

// unhidden puts back what a roster that was read hidden still hides, from the
// roster that is kept.
func unhidden(in, kept duty.Roster) duty.Roster {
	in.Persons = slices.Clone(in.Persons)
	for i := range in.Persons {
		p := &in.Persons[i]
		was, known := kept.Person(p.ID)
		if !known {
			continue
		}
		if p.Phone != "" && p.Phone == hidePhone(was.Phone) {
			p.Phone = was.Phone
		}
		if p.Email != "" && p.Email == hideEmail(was.Email) {
			p.Email = was.Email
		}
		p.Handle = maps.Clone(p.Handle)
		for channel, v := range p.Handle {
			if v == stars && was.Handle[channel] != "" {
				p.Handle[channel] = was.Handle[channel]
			}
		}
	}
	return in
}
