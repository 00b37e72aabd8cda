package clock

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

var built = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func TestSourceOfTheWallClock(t *testing.T) {
	now := time.Date(2026, 12, 3, 4, 5, 6, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		now    time.Time
		synced bool
		rtc    string // what the hardware clock shows; "" is a folder without one
		none   bool   // no folder of hardware clocks
		want   wire.ClockSource
	}{
		{"disciplined", now, true, "", false, wire.ClockNTP},
		{"disciplined to an impossible date", time.Unix(0, 0), true, "", false, wire.ClockNone},
		{"the hardware clock agrees", now, false, strconv.FormatInt(now.Unix()+2, 10), false, wire.ClockRTC},
		{"the hardware clock shows something else", now, false, strconv.FormatInt(now.Unix()-900, 10), false, wire.ClockNone},
		{"the hardware clock and the kernel agree on 2000", time.Unix(946684800, 0), false, "946684800", false, wire.ClockNone},
		{"the hardware clock cannot be read", now, false, "\n", false, wire.ClockNone},
		{"a board without a hardware clock, its date from a file", now, false, "", false, wire.ClockNone},
		{"a container: the host keeps the time", now, false, "", true, wire.ClockRTC},
		{"a container in 1970", time.Unix(100, 0), false, "", true, wire.ClockNone},
		{"before the year of the build", now.AddDate(-1, 0, 0), true, "", false, wire.ClockNone},
		{"a generation later", now.AddDate(Horizon, 0, 0), true, "", false, wire.ClockNone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rtcs := filepath.Join(t.TempDir(), "rtc")
			if !tt.none {
				if err := os.MkdirAll(filepath.Join(rtcs, "rtc0"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if tt.rtc != "" {
				if err := os.WriteFile(filepath.Join(rtcs, "rtc0", "since_epoch"), []byte(tt.rtc+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			m := &Machine{RTCs: rtcs, Synchronised: func() bool { return tt.synced }, Built: built}
			if got := m.Source(tt.now); got != tt.want {
				t.Errorf("source %q; want %q", got, tt.want)
			}
		})
	}
}

func TestBootIsTheSameForEveryProcessOfOneStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "boot_id")
	write := func(id string) string {
		if err := os.WriteFile(file, []byte(id+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return (&Machine{BootID: file}).Boot()
	}
	first, again, other := write("3b574d2f-9733"), write("3b574d2f-9733"), write("77777777-0000")
	if first != again || first == other || len(first) != 16 {
		t.Errorf("boots %q, %q, %q; want the first two alike and short, the third different", first, again, other)
	}
	absent := &Machine{BootID: filepath.Join(t.TempDir(), "none")}
	if a, b := absent.Boot(), absent.Boot(); a == b || a == "" {
		t.Errorf("without a boot id %q and %q; want a name for each process", a, b)
	}
}

func TestUptimeGoesOn(t *testing.T) {
	a, ok := Uptime()
	if !ok {
		t.Skip("no CLOCK_BOOTTIME here")
	}
	if b, _ := Uptime(); b < a {
		t.Errorf("uptime went from %s to %s", a, b)
	}
}
