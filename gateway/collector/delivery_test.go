package collector

import (
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/wire"
)

func TestRecordsAreAcknowledgedOnceTheyAreStored(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendRecords(reading(1, air, now, -18.5), reading(2, humidity, now, 85.2))
		want := []wire.AckRange{{Range: wire.Range{From: 1, To: 2}, Outcome: wire.Stored}}
		if got := r.wire.acks(t); !reflect.DeepEqual(got, want) {
			t.Errorf("acknowledged %+v, want %+v", got, want)
		}
		if got := r.stored(air); !reflect.DeepEqual(got, []float64{-18.5}) {
			t.Errorf("stored %v", got)
		}
	})
}

func TestNothingIsAcknowledgedWhileTheStoreIsDownButAlarmsAreRaised(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.store.fail(fmt.Errorf("down: %w", store.ErrTemporary))
		r.sendRecords(reading(1, air, time.Now(), -12))
		if got := r.wire.acks(t); len(got) != 0 {
			t.Errorf("acknowledged %+v with the store down", got)
		}
		if got := r.alarms(); len(got) != 1 || !got[0].State.Present() {
			t.Errorf("alarms %+v; want one, present, without waiting for the store", got)
		}
		if err := r.c.Health(); err == nil {
			t.Error("health says all is well with the store down")
		}
		r.store.fail(nil)
		time.Sleep(time.Minute) // the bubble's time: the store is tried again
		synctest.Wait()
		if got := r.wire.acks(t); len(got) != 1 || got[0].Outcome != wire.Stored {
			t.Errorf("acknowledged %+v after the store had come back", got)
		}
		if err := r.c.Health(); err != nil {
			t.Errorf("health after recovery: %v", err)
		}
	})
}

func TestARecordOfferedAgainIsAcknowledgedAgainAndNeitherStoredNorJudgedTwice(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendRecords(reading(1, air, now, -12))
		_ = r.wire.acks(t)
		writes, alarms := r.store.writes, r.alarms()
		r.sendRecords(reading(1, air, now, -12), reading(2, air, now.Add(time.Second), -12.5))
		want := []wire.AckRange{{Range: wire.Range{From: 1, To: 1}, Outcome: wire.Stored}, {Range: wire.Range{From: 2, To: 2}, Outcome: wire.Stored}}
		if got := r.wire.acks(t); !reflect.DeepEqual(got, want) {
			t.Errorf("acknowledged %+v, want %+v", got, want)
		}
		if r.store.writes != writes+1 || len(r.stored(air)) != 2 {
			t.Errorf("%d writes, stored %v", r.store.writes-writes, r.stored(air))
		}
		if got := r.alarms(); len(got) != 1 || got[0].ID != alarms[0].ID {
			t.Errorf("alarms %+v, want still %s", got, alarms[0].ID)
		}
	})
}

func TestARestartRemembersWhatWasDelivered(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendRecords(reading(1, air, now, -12))
		first := r.alarms()
		r.stop()
		r.start()
		synctest.Wait()
		if seen, ok := r.c.Latest(air); !ok || !seen.Reading.Time.Equal(now.UTC().Truncate(time.Millisecond)) {
			t.Errorf("newest reading after the restart: %v, %v; want the stored one", seen.Reading, ok)
		}
		r.sendRecords(reading(1, air, now, -12), reading(2, air, now.Add(time.Second), -11))
		if got := r.stored(air); !reflect.DeepEqual(got, []float64{-12, -11}) {
			t.Errorf("stored %v", got)
		}
		if got := r.alarms(); len(got) != 1 || got[0].ID != first[0].ID {
			t.Errorf("alarms after the restart: %+v, want the same one", got)
		}
	})
}

// A crash after the store's answer and before county.db's commit: the gateway
// offers the records again, and they are there once.
func TestARecordStoredButNotCommittedIsThereOnce(t *testing.T) {
	inBubble(t, func(r *rig) {
		rec := reading(7, air, time.Now(), -18)
		_, err := r.store.Store.Write(t.Context(), []store.Record{{Reading: rec.Reading, Quantity: "temperature", Gateway: "balagong-gw", Epoch: 1, Seq: 7}})
		if err != nil {
			t.Fatal(err)
		}
		r.sendRecords(rec)
		if got := r.stored(air); len(got) != 1 {
			t.Errorf("stored %v", got)
		}
		if got := r.wire.acks(t); len(got) != 1 || got[0].Outcome != wire.Stored {
			t.Errorf("acknowledged %+v", got)
		}
	})
}

func TestAnotherIdentityAtTheSameMillisecondIsQuarantined(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendRecords(reading(1, air, now, -18))
		r.sendPack(2, reading(1, air, now, -17))
		if got := r.stored(air); !reflect.DeepEqual(got, []float64{-18}) {
			t.Errorf("stored %v; the first must stand", got)
		}
		if got := r.quarantined()[wire.Collision]; got != 1 {
			t.Errorf("%d collisions quarantined", got)
		}
	})
}

func TestAFullStoreQueueAsksTheGatewayToComeBack(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.store.fail(fmt.Errorf("down: %w", store.ErrTemporary))
		now := time.Now()
		seq := uint64(1)
		for range maxUnstored/1000 + 2 {
			var pack []wire.Record
			for range 1000 {
				pack = append(pack, reading(seq, air, now.Add(time.Duration(seq)*time.Millisecond), -18))
				seq++
			}
			r.sendRecords(pack...)
		}
		got := r.wire.acks(t)
		if len(got) == 0 || got[0].Outcome != wire.RetryAfter || got[0].AfterMS <= 0 {
			t.Fatalf("acknowledged %+v; want retry-after", got)
		}
		r.store.fail(nil)
		time.Sleep(2 * time.Minute)
		r.sendRecords(reading(got[0].From, air, now.Add(time.Duration(got[0].From)*time.Millisecond), -18))
		if last := r.wire.acks(t); len(last) == 0 || last[len(last)-1].Outcome != wire.Stored {
			t.Errorf("offered again, acknowledged %+v", last)
		}
	})
}

func TestHelloTellsAGatewayWhatWasSeenOfIt(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.sendPack(3, reading(41, air, time.Now(), -18))
		status, err := wire.EncodeStatus(wire.Status{Gateway: "balagong-gw", Site: "balagong", Online: true, Session: "s", At: time.Now().UTC()})
		if err != nil {
			t.Fatal(err)
		}
		r.send(here.Topic(wire.ChannelStatus), status)
		h, ok := r.wire.hello(t)
		if !ok || h.Epoch != 3 || h.Highest != 41 || h.Generation == "" {
			t.Errorf("hello %+v, %v; want epoch 3, highest 41, a generation", h, ok)
		}
		if g := r.c.Gateways(); len(g) != 1 || !g[0].Online {
			t.Errorf("gateways %+v", g)
		}
	})
}

// A journal that was set back would give the number of a gap or an event again
// that the store has been waiting for, and lose what it numbers so.
func TestHelloCountsWhatWaitsForTheStore(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.store.fail(fmt.Errorf("down: %w", store.ErrTemporary))
		now := time.Now()
		r.sendPack(3, reading(41, air, now, -18), wire.Record{Seq: 42, Kind: wire.GapRecord, Boot: "b", Clock: wire.ClockNTP,
			Gap: wire.Gap{Scope: "balagong-gw", From: now.Add(-time.Minute), To: now, Cause: "restart"}})
		status, err := wire.EncodeStatus(wire.Status{Gateway: "balagong-gw", Site: "balagong", Online: true, Session: "s", At: now.UTC()})
		if err != nil {
			t.Fatal(err)
		}
		r.send(here.Topic(wire.ChannelStatus), status)
		if h, ok := r.wire.hello(t); !ok || h.Epoch != 3 || h.Highest != 42 {
			t.Errorf("hello %+v, %v; want epoch 3, highest 42", h, ok)
		}
		r.store.fail(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
	})
}

func TestALastWillTakesAGatewayOffline(t *testing.T) {
	inBubble(t, func(r *rig) {
		for _, online := range []bool{true, false} {
			status, err := wire.EncodeStatus(wire.Status{Gateway: "balagong-gw", Site: "balagong", Online: online, Undelivered: 5})
			if err != nil {
				t.Fatal(err)
			}
			r.send(here.Topic(wire.ChannelStatus), status)
		}
		g := r.c.Gateways()
		if len(g) != 1 || g[0].Online || g[0].Undelivered != 5 {
			t.Errorf("gateways %+v; want offline, with what it said last", g)
		}
	})
}

func TestGapsAndEventsAreKeptAndAcknowledged(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now().UTC().Truncate(time.Millisecond)
		gap := wire.Record{Seq: 1, Kind: wire.GapRecord, Boot: "b1", Clock: wire.ClockNTP, Gap: wire.Gap{Scope: "balagong-gw", From: now.Add(-time.Hour), To: now, Cause: "restart"}}
		r.sendRecords(gap)
		if got := r.wire.acks(t); len(got) != 1 || got[0].Outcome != wire.Stored {
			t.Errorf("acknowledged %+v", got)
		}
	})
}

func TestSilenceIsJudgedOnlyWhileTheBrokerCanBeHeard(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.sendRecords(reading(1, air, time.Now(), -18), reading(2, humidity, time.Now(), 80))
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if got := r.alarms(); len(got) != 0 {
			t.Errorf("without a broker: alarms %+v; want none", got)
		}
		r.c.OnConnect()
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		if got := r.alarms(); len(got) != 0 {
			t.Errorf("nine minutes after the connection: alarms %+v; want none", got)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := r.alarms(); len(got) != 1 || got[0].Rule != "site-silent" {
			t.Errorf("eleven minutes after the connection: alarms %+v; want the site's silence alone", got)
		}
	})
}
