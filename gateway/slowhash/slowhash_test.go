package slowhash

import (
	"strings"
	"testing"
)

var cheap = Cost{Memory: 64, Passes: 1, Threads: 1}

func TestAHashKnowsItsSecretAndNoOther(t *testing.T) {
	h := Hash("一匹白马过草原", cheap)
	if again := Hash("一匹白马过草原", cheap); again == h {
		t.Error("two hashes of one secret are the same: there is no salt")
	}
	for secret, want := range map[string]bool{"一匹白马过草原": true, "一匹黑马过草原": false, "": false} {
		if ok, err := Match(h, secret); err != nil || ok != want {
			t.Errorf("%q: %v, %v", secret, ok, err)
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
	h := Hash("secret", cheap)
	for _, bad := range []string{"", "secret", h[:len(h)-1], h + "A", strings.Replace(h, "argon2id", "argon2i", 1), strings.Replace(h, "v=19", "v=16", 1),
		strings.Replace(h, "m=64", "m=4194304", 1), strings.Replace(h, "t=1", "t=4000000", 1), strings.Replace(h, "p=1", "p=0", 1)} {
		if ok, err := Match(bad, "secret"); ok || err != ErrDamaged {
			t.Errorf("%q: %v, %v", bad, ok, err)
		}
	}
}
