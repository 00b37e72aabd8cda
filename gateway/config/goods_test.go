package config

import (
	"strings"
	"testing"
)

// TestACountysOwnGoodsGoBeforeTheBuiltin: a county adds a profile, and replaces
// one by a file of the same name.
func TestACountysOwnGoodsGoBeforeTheBuiltin(t *testing.T) {
	builtin, err := (&County{}).Goods()
	if err != nil {
		t.Fatal(err)
	}
	own, err := (&County{ProductProfiles: []string{"testdata/goods/cheese.yaml", "testdata/goods/own-milk.yaml"}}).Goods()
	if err != nil {
		t.Fatal(err)
	}
	if len(own) != len(builtin)+1 {
		t.Errorf("%d profiles, %d of them builtin", len(own), len(builtin))
	}
	cheese, ok := own["cheese"].LifeModel()
	if !ok || cheese.Days() != 90 {
		t.Errorf("cheese keeps %+v", cheese)
	}
	before, _ := builtin["milk"].LifeModel()
	after, _ := own["milk"].LifeModel()
	if before.Days() != 7 || after.Days() != 15 {
		t.Errorf("milk keeps %g days, by the county's own profile %g", before.Days(), after.Days())
	}
	if _, err := (&County{ProductProfiles: []string{"testdata/goods/cheese-wrong.yaml"}}).Goods(); err == nil || !strings.Contains(err.Error(), "cheese-wrong.yaml:5: source") {
		t.Errorf("a wrong one: %v", err)
	}
	if _, err := (&County{ProductProfiles: []string{"testdata/goods/nowhere.yaml"}}).Goods(); err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("one that is not there: %v", err)
	}
}
