package state

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

func TestStatusAndInventoryAreKeptWithTheirTime(t *testing.T) {
	c := open(t)
	s := wire.Status{Gateway: "gw-2", Site: "balagong", Online: true, Session: "s1", At: noon, Boot: "b", Version: "v1", Epoch: 2, Oldest: 5, Next: 9, Undelivered: 4, Clock: wire.ClockGNSS, Faults: []string{"disk 81 %"}}
	inv := wire.Inventory{Gateway: "gw-1", Site: "centre", Devices: []wire.DeviceInfo{{Name: "d", Bus: "b", Profile: "p", Points: []wire.PointInfo{{ID: "centre/room-1/air", Quantity: "temperature", Unit: "Cel"}}}}}
	must(t, c.SaveStatus(t.Context(), s, noon.Add(time.Second)))
	must(t, c.SaveInventory(t.Context(), inv, noon.Add(time.Minute)))
	got, err := c.Gateways(t.Context())
	must(t, err)
	want := []Gateway{
		{Gateway: "gw-1", Site: "centre", Inventory: inv, InventoryReceived: noon.Add(time.Minute)},
		{Gateway: "gw-2", Site: "balagong", Status: s, StatusReceived: noon.Add(time.Second)},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	wantKind(t, c.SaveStatus(t.Context(), wire.Status{}, noon), ErrInvalid)
	wantKind(t, c.SaveInventory(t.Context(), wire.Inventory{}, noon), ErrInvalid)
}

func TestOnlyAChangedInventoryIsAudited(t *testing.T) {
	c := open(t)
	inv := wire.Inventory{Gateway: "gw-1", Site: "centre"}
	for range 3 {
		must(t, c.SaveInventory(t.Context(), inv, noon))
	}
	inv.Devices = []wire.DeviceInfo{{Name: "d"}}
	must(t, c.SaveInventory(t.Context(), inv, noon))
	if got := c.actions(t, "gw-1"); !slices.Equal(got, []string{"gateway.inventory", "gateway.inventory"}) {
		t.Error(got)
	}
}

func TestLastWill(t *testing.T) {
	online := wire.Status{Gateway: "gw-1", Site: "centre", Online: true, Session: "s2", At: noon, Version: "v1", Next: 9}
	offline := online
	offline.Online = false
	for name, x := range map[string]struct {
		said wire.Status
		want wire.Status
	}{
		"of this session keeps what was known":  {wire.Status{Gateway: "gw-1", Site: "centre", Session: "s2"}, offline},
		"of an earlier session changes nothing": {wire.Status{Gateway: "gw-1", Site: "centre", Session: "s1"}, online},
		"a farewell with a time of its own is taken whole": {wire.Status{Gateway: "gw-1", Site: "centre", Session: "s2", At: noon.Add(time.Minute), Next: 11},
			wire.Status{Gateway: "gw-1", Site: "centre", Session: "s2", At: noon.Add(time.Minute), Next: 11}},
	} {
		c := open(t)
		must(t, c.SaveStatus(t.Context(), online, noon))
		must(t, c.SaveStatus(t.Context(), x.said, noon.Add(time.Hour)))
		got, err := c.Gateways(t.Context())
		must(t, err)
		if !reflect.DeepEqual(got[0].Status, x.want) {
			t.Errorf("%s: %+v, want %+v", name, got[0].Status, x.want)
		}
	}
}
