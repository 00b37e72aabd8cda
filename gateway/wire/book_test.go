package wire

import (
	"math"
	"reflect"
	"testing"
)

func someBook() SiteBook {
	return SiteBook{Version: "abc", Zones: []ZoneBook{{Zone: "truck-1/box", Switches: []BookSwitch{{AtMS: 5, On: false}}, Stays: []BookStay{{Batch: "HJQ-1", FromMS: 7, Out: "centre/mutton"}},
		Watch:   &BookRules{Rise: &BookRise{3, 1_200_000}, PullDown: &BookPullDown{7, 36_000_000}, Condensation: &BookCondensation{1, 900_000, 7_200_000}, Compressor: &BookCompressor{2, 1.5, 1_800_000}},
		Product: &BookProduct{Air: "truck-1/box/air", TimeConstantMS: 5_400_000, Lines: []LimitLine{{Side: "high", Level: "excursion", Value: 7}}},
		Masks:   []BookMask{{"door", 900_000, 600_000, 3}}, Usual: []LimitLine{{Side: "high", Level: "warning", Value: 4, DelayMS: 900_000}}}},
		Truck:   &TruckBook{Box: "truck-1/box", Stays: []BookStay{{FromMS: 7, ToMS: 9}}, EmptyMS: []int64{11}, Phase: &TruckPhase{12, "idle", "loading", "巴图"}},
		Answers: []AlarmAnswer{{Rule: "high-limit", Object: "truck-1/box/air", StartMS: 3, Level: "warning", By: "其其格", AtMS: 4, UntilMS: 900_004}},
		Heard:   []AlarmHeard{{Rule: "mains-lost", Object: "truck-1/box/mains", StartMS: 3}},
	}
}

// A book comes back as it was sent; one whose times, lists or texts cannot be is
// refused as a whole.
func TestBooks(t *testing.T) {
	b, err := EncodeCommand(Command{Book: new(someBook())})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeCommand(b); err != nil || !reflect.DeepEqual(*got.Book, someBook()) {
		t.Errorf("%v %+v", err, got.Book)
	}
	for name, spoil := range map[string]func(*SiteBook){
		"no version":                        func(b *SiteBook) { b.Version = "" },
		"no zone":                           func(b *SiteBook) { b.Zones[0].Zone = "x" },
		"a switch before 1970":              func(b *SiteBook) { b.Zones[0].Switches[0].AtMS = -1 },
		"a stay that ends before it begins": func(b *SiteBook) { b.Truck.Stays[0].ToMS = 6 },
		"too many stays":                    func(b *SiteBook) { b.Zones[0].Stays = make([]BookStay, maxBookList+1) },
		"a rule of no time":                 func(b *SiteBook) { b.Zones[0].Watch.Compressor.SilentMS = -1 },
		"a mask of a year and more":         func(b *SiteBook) { b.Zones[0].Masks[0].ForMS = 2 * maxBookSpan },
		"a line that is no number":          func(b *SiteBook) { b.Zones[0].Usual[0].Value = math.NaN() },
		"a product's line":                  func(b *SiteBook) { b.Zones[0].Product.Lines[0].DelayMS = -1 },
		"a word at no time":                 func(b *SiteBook) { b.Truck.EmptyMS[0] = -5 },
		"a phase that is not printable":     func(b *SiteBook) { b.Truck.Phase.Phase = "\x00" },
		"a truck without a box":             func(b *SiteBook) { b.Truck.Box = "" },
		"an alarm at no time":               func(b *SiteBook) { b.Heard[0].StartMS = -1 },
		"an alarm by no rule":               func(b *SiteBook) { b.Heard[0].Rule = "\x00" },
		"an answer at no time":              func(b *SiteBook) { b.Answers[0].AtMS = maxBookMS + 1 },
	} {
		bad := someBook()
		spoil(&bad)
		if _, err := EncodeCommand(Command{Book: &bad}); err == nil {
			t.Errorf("%s was sent", name)
		}
	}
	one, _ := BookVersion(someBook())
	other := someBook()
	other.Truck.EmptyMS = append(other.Truck.EmptyMS, 20)
	if two, err := BookVersion(other); err != nil || one == two || one == "" {
		t.Errorf("versions %q and %q, %v", one, two, err)
	}
}

func TestAWordAboutATruck(t *testing.T) {
	for _, w := range []TruckWord{{Empty: true, By: "site page, 192.168.1.7"}, {Phase: "loading", Inferred: "idle", Unready: "4 °C", Reason: "车要走了"}} {
		if got, err := ParseTruck(TruckDetail(w)); err != nil || got != w {
			t.Errorf("%+v %v; want %+v", got, err, w)
		}
	}
	if w, err := ParseTruck(map[string]string{"by": "x"}); err == nil {
		t.Errorf("nothing was said: %+v", w)
	}
}
