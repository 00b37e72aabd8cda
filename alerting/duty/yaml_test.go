package duty_test

import (
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"coldchain/alerting/duty"
)

// TestRosterAndPlanAsAPersonWritesThem in a file.
func TestRosterAndPlanAsAPersonWritesThem(t *testing.T) {
	var file struct {
		Roster duty.Roster `yaml:"roster"`
		Plan   duty.Plan   `yaml:"plan"`
	}
	file.Plan = duty.DefaultPlan()
	err := yaml.Unmarshal([]byte(`
roster:
  holidays: [2026-10-01, 2026-10-02]
  persons:
    - id: qiqige
      name: 其其格
      phone: "8613800000000"
      roles: [keeper]
      sites: [balagong]
      hours: {mon: [{from: 08:00, to: "18:00"}], fri: [{from: "20:00", to: "08:00"}]}
      quiet: {from: "22:00", to: "06:00"}
      away_until: 2026-07-03T08:00:00+08:00
plan:
  ack_pause: 20m
  critical:
    stages: [{delay: 0s, roles: [keeper]}, {delay: 7m, roles: [deputy, manager]}]
    round: 45m
    take: 1
`), &file)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Roster.Check(nil); err != nil {
		t.Error(err)
	}
	if err := file.Plan.Check(); err != nil {
		t.Error(err)
	}
	p := file.Roster.Persons[0]
	if p.Hours["mon"][0] != (duty.Span{From: 8 * 60, To: 18 * 60}) || p.Quiet.From != 22*60 || p.Away.UTC().Hour() != 0 ||
		file.Roster.Holidays[1] != (duty.Date{Year: 2026, Month: time.October, Day: 2}) {
		t.Errorf("%+v", file.Roster)
	}
	if file.Plan.AckPause.Of() != 20*time.Minute || len(file.Plan.Critical.Stages) != 2 || file.Plan.Critical.Stages[1].Delay.Of() != 7*time.Minute || file.Plan.Cap != 12 {
		t.Errorf("%+v", file.Plan)
	}
}
