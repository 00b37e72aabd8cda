package pin

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestWhatMayBeChosen(t *testing.T) {
	for p, want := range map[PIN]error{
		"4711": nil, "0471": nil, "1213": nil, "9012": nil,
		"": ErrForm, "471": ErrForm, "47111": ErrForm, "47a1": ErrForm, "４７１１": ErrForm, " 471": ErrForm, "-471": ErrForm,
		"0000": ErrSimple, "9999": ErrSimple, "1234": ErrSimple, "6789": ErrSimple, "4321": ErrSimple, "5678": ErrSimple, "8055": ErrSimple,
	} {
		if err := Choose(p, "8613800008055"); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", string(p), err, want)
		}
	}
}

func TestAHashKnowsItsPINAndNoOther(t *testing.T) {
	h := Hash("4711")
	if again := Hash("4711"); again == h {
		t.Error("two hashes of one PIN are the same: there is no salt")
	}
	if strings.Contains(h, "4711") {
		t.Error(h)
	}
	for p, want := range map[PIN]bool{"4711": true, "4712": false, "": false, "1174": false} {
		if ok, err := Match(h, p); err != nil || ok != want {
			t.Errorf("%q: %v, %v", string(p), ok, err)
		}
	}
}

// TestTheReferenceHash: made by OpenSSL's Argon2id of "4711" with the salt
// "somesaltsomesalt", so that what we keep is what others call Argon2id.
func TestTheReferenceHash(t *testing.T) {
	const reference = "$argon2id$v=19$m=16384,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$ATp42Qq1EHvbVjKyizPdoqauJzp140SSz7w1qsDi/ww"
	if ok, err := Match(reference, "4711"); err != nil || !ok {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestADamagedHashMatchesNothing(t *testing.T) {
	h := Hash("4711")
	for _, bad := range []string{"", "4711", h[:len(h)-1], h + "A", strings.Replace(h, "argon2id", "argon2i", 1), strings.Replace(h, "v=19", "v=16", 1),
		strings.Replace(h, "m=16384", "m=4194304", 1), strings.Replace(h, "t=2", "t=4000000", 1), strings.Replace(h, "p=1", "p=0", 1), strings.Replace(h, "m=16384", "m=x", 1)} {
		if ok, err := Match(bad, "4711"); ok || err == nil {
			t.Errorf("%q: %v, %v", bad, ok, err)
		}
	}
}

func TestHoweverPrintedItIsNotShown(t *testing.T) {
	p := PIN("4711")
	held := struct{ P PIN }{p}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "pin", p)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&b, verb, p)
		fmt.Fprintf(&b, verb, held)
	}
	if strings.Contains(b.String(), "4711") {
		t.Error(b.String())
	}
}

// TestGuessingTakesMonths: half of all PINs, by somebody who never stops.
func TestGuessingTakesMonths(t *testing.T) {
	var total time.Duration
	for wrong := range 5000 {
		total += Wait(wrong)
	}
	if Wait(0) != 0 || Wait(2) != 0 || Wait(3) != 30*time.Second || Wait(1<<30) != time.Hour {
		t.Error(Wait(0), Wait(2), Wait(3), Wait(1<<30))
	}
	if total < 180*24*time.Hour {
		t.Errorf("5,000 tries take %s", total)
	}
}

// FuzzMatch: a hash that somebody has written into the file costs neither the
// machine's memory nor the program.
func FuzzMatch(f *testing.F) {
	f.Add(Hash("4711"))
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, hash string) {
		ok, err := Match(hash, "4711")
		if ok && err != nil {
			t.Error(ok, err)
		}
	})
}

// BenchmarkTry is what one try costs.
func BenchmarkTry(b *testing.B) {
	h := Hash("4711")
	for b.Loop() {
		if ok, err := Match(h, "4711"); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}
