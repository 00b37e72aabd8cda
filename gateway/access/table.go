package access

import "slices"

// Table is who may do what: every route of the server, once. A new route needs
// its line here, or the server does not start.
func Table() []Rule {
	open := func(method, pattern string) Rule { return Rule{Method: method, Pattern: pattern, Open: true} }
	row := func(method, pattern string, roles []Role, o Object) Rule {
		return Rule{Method: method, Pattern: pattern, Roles: roles, Object: o}
	}
	var (
		office = []Role{Manager, Admin}
		desk   = []Role{Manager, Quality, Admin}
		// A device's people prove themselves by PIN; what they may is the roster's.
		leads  = append(slices.Clone(desk), Device)
		hands  = append(slices.Clone(leads), Driver)
		papers = []Role{Manager, Quality, Inspector, Admin}
		trade  = append(slices.Clone(papers), Owner)
		staff  = []Role{Viewer, Driver, Manager, Quality, Inspector, Admin, Device}
		all    = append(slices.Clone(staff), Owner)
		admin  = []Role{Admin}
	)
	return slices.Concat([]Rule{
		open("GET", "/"), open("*", "/api/"), open("GET", "/api"), open("GET", "/healthz"), open("GET", "/verify"), open("GET", "/c/{token}"), open("GET", "/api/v1/keys"), open("GET", "/api/v1/openapi.json"),
		open("GET", "/answer"), open("POST", "/answer"), open("GET", "/inspect"), // the link lets in, and for what it says
		row("GET", "/metrics", []Role{Viewer, Manager, Inspector, Admin}, County),
	}, []Rule{ // signing in
		open("POST", "/api/v1/session"),
		row("GET", "/api/v1/session", nil, Self), row("DELETE", "/api/v1/session", nil, Self), row("PUT", "/api/v1/session/password", nil, Self),
		row("GET", "/api/v1/users", admin, County), row("POST", "/api/v1/users", admin, County),
		row("PUT", "/api/v1/users/{id}", admin, County), row("POST", "/api/v1/users/{id}/password", admin, County),
		row("GET", "/api/v1/sessions", admin, County), row("DELETE", "/api/v1/sessions/{id}", admin, County),
		row("GET", "/api/v1/tokens", admin, County), row("POST", "/api/v1/tokens", admin, County), row("DELETE", "/api/v1/tokens/{id}", admin, County),
		row("POST", "/api/v1/devices", office, Body),
	}, []Rule{ // what is true now, and was
		row("GET", "/api/v1/sites", all, Lists), row("GET", "/api/v1/zones", all, Lists), row("GET", "/api/v1/points", all, Lists), row("GET", "/api/v1/events", all, Lists),
		row("GET", "/api/v1/readings", staff, Point), row("GET", "/api/v1/export", staff, Point),
		row("GET", "/api/v1/operations", without(staff, Driver, Device), County), row("GET", "/api/v1/quarantine", papers, County), row("GET", "/api/v1/gaps", staff, Question),
	}, []Rule{ // alarms
		row("GET", "/api/v1/alarms", all, Lists), row("GET", "/api/v1/queue", staff, Lists), row("GET", "/api/v1/closing-words", all, Nothing),
		row("GET", "/api/v1/alarms/{id}", staff, Alarm),
		row("POST", "/api/v1/alarms/{id}/acknowledge", hands, Alarm), row("POST", "/api/v1/alarms/{id}/steps", hands, Alarm),
		row("POST", "/api/v1/alarms/{id}/closing", hands, Alarm), row("POST", "/api/v1/alarms/{id}/signature", leads, Alarm),
		row("POST", "/api/v1/alarms/{id}/look", leads, Alarm),
		row("POST", "/api/v1/alarms/{id}/shelf", leads, Alarm), row("DELETE", "/api/v1/alarms/{id}/shelf", leads, Alarm),
	}, []Rule{ // batches
		row("GET", "/api/v1/batches", all, Lists), row("POST", "/api/v1/batches", hands, Body),
		row("GET", "/api/v1/batches/{id}", all, Batch), row("GET", "/api/v1/batches/{id}/exposure", all, Batch),
		row("GET", "/api/v1/batches/{id}/dossier", all, Batch), row("GET", "/api/v1/batches/{id}/recall", trade, Batch), row("GET", "/api/v1/batches/{id}/epcis", trade, Batch),
		row("POST", "/api/v1/batches/{id}/moves", hands, Moved), row("POST", "/api/v1/batches/{id}/handovers", hands, Moved),
		row("POST", "/api/v1/batches/{id}/details", leads, Batch), row("POST", "/api/v1/batches/{id}/documents", hands, Batch),
		row("POST", "/api/v1/batches/{id}/inspections", leads, Batch), row("POST", "/api/v1/batches/{id}/temperatures", hands, Goods),
		row("POST", "/api/v1/batches/{id}/stays", desk, Batch),
		row("POST", "/api/v1/batches/{id}/taking-out", hands, Goods), row("POST", "/api/v1/batches/{id}/closing", leads, Goods),
		row("POST", "/api/v1/batches/{id}/verdicts", leads, Batch), row("POST", "/api/v1/batches/{id}/verdicts/{version}/signature", leads, Batch),
		row("POST", "/api/v1/derivations", leads, Body), row("POST", "/api/v1/temperatures", hands, Body),
		row("POST", "/api/v1/files", hands, Nothing), row("GET", "/api/v1/files/{sum}", append(slices.Clone(papers), Driver, Device), Nothing),
		row("GET", "/api/v1/import/template", desk, Nothing), row("POST", "/api/v1/import/batches", desk, Form),
		row("POST", "/api/v1/batches/{id}/loggers", leads, Batch), row("GET", "/api/v1/batches/{id}/loggers/{number}", all, Batch),
	}, []Rule{ // the county's office, and what hangs on a door
		row("GET", "/api/v1/audit", papers, County), row("GET", "/api/v1/calibrations", without(staff, Driver, Device), County),
		row("GET", "/api/v1/contacts", staff, Question), row("GET", "/poster", staff, Question),
	}, []Rule{ // trips
		row("GET", "/api/v1/trips", staff, Lists), row("GET", "/api/v1/trips/{id}", staff, Trip),
	}, []Rule{ // papers
		row("GET", "/api/v1/batches/{id}/certificates", trade, Batch), row("POST", "/api/v1/batches/{id}/certificates", desk, Batch),
		row("GET", "/api/v1/certificates/{number}/{form}", trade, Certificate),
		row("GET", "/api/v1/reports", staff, Nothing), row("GET", "/api/v1/reports/{kind}", without(staff, Driver), Question), row("POST", "/api/v1/reports/{kind}/steps", desk, County),
		row("GET", "/api/v1/inspections-links", desk, County), row("POST", "/api/v1/inspections-links", desk, Body), row("DELETE", "/api/v1/inspections-links/{id}", desk, County),
	}, []Rule{ // people, and what is out of use
		row("GET", "/api/v1/people", staff, Nothing), row("PUT", "/api/v1/people", office, County),
		row("PUT", "/api/v1/people/{id}/pin", hands, Nothing), row("DELETE", "/api/v1/people/{id}/pin", append(slices.Clone(office), Device), Nothing),
		row("GET", "/api/v1/drills", staff, Nothing), row("GET", "/api/v1/channels", staff, Nothing),
		row("GET", "/api/v1/outages", staff, Nothing), row("POST", "/api/v1/outages", append(slices.Clone(office), Device), Body), row("DELETE", "/api/v1/outages/{id}", append(slices.Clone(office), Device), Outage),
		row("GET", "/api/v1/disuses", staff, Lists), row("POST", "/api/v1/disuses", hands, Body), row("DELETE", "/api/v1/disuses/{id}", hands, Disuse),
		row("GET", "/api/v1/usage", papers, County),
		row("POST", "/api/v1/trucks/{site}/phase", without(hands, Quality), Site), row("POST", "/api/v1/trucks/{site}/empty", without(hands, Quality), Site),
	})
}

// without is a list of roles without some.
func without(roles []Role, gone ...Role) []Role {
	return slices.DeleteFunc(slices.Clone(roles), func(r Role) bool { return slices.Contains(gone, r) })
}
