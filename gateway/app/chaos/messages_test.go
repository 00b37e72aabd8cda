//go:build chaos

package chaos

import (
	"math/rand/v2"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"coldchain/gateway/app/programs"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// messages is the harness's own client: it hears what the agents send, sends
// it again, and is the gateway that sends poison.
type messages struct {
	c      *county
	client paho.Client

	mu    sync.Mutex
	heard map[string][]paho.Message // by site, the newest
}

const remembered = 600 // messages of a site

func (c *county) listen() *messages {
	m := &messages{c: c, heard: map[string][]paho.Message{}}
	o := paho.NewClientOptions().AddBroker(c.broker.URL).SetClientID("harness").
		SetUsername("collector").SetPassword(programs.Password("collector")).
		SetAutoReconnect(true).SetConnectRetry(true).SetConnectRetryInterval(time.Second).SetMaxReconnectInterval(time.Second).SetWriteTimeout(5 * time.Second).
		SetOnConnectHandler(func(client paho.Client) {
			client.Subscribe(wire.Filter(countyName, wire.ChannelRecords), 1, m.hear)
		})
	m.client = paho.NewClient(o)
	if token := m.client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		c.t.Fatalf("the harness's connection to the broker: %v", token.Error())
	}
	c.t.Cleanup(func() { m.client.Disconnect(0) })
	return m
}

func (m *messages) hear(_ paho.Client, got paho.Message) {
	a, _, err := wire.ParseTopic(got.Topic())
	if err != nil {
		return // poison
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	list := append(m.heard[a.Site], got)
	m.heard[a.Site] = list[max(0, len(list)-remembered):]
}

// forget drops what a site sent before its journal was set back: a broker never
// delivers an older message of a sender after a newer one, and numbers that
// nobody has seen are given again.
func (m *messages) forget(site string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.heard, site)
}

const redelivered = 60 // messages at a time

// replay sends some of what was heard again, twice and out of order.
func (m *messages) replay(roll uint64) {
	r := rand.New(rand.NewPCG(roll, 1))
	m.mu.Lock()
	var all []paho.Message
	for _, site := range Sites() {
		all = append(all, m.heard[site]...)
	}
	m.mu.Unlock()
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var sent []paho.Token
	for _, one := range all[:min(len(all), redelivered)] {
		for range 2 {
			sent = append(sent, m.publish(one.Topic(), one.Payload()))
		}
	}
	m.await(sent...)
}

func (m *messages) publish(topic string, payload []byte) paho.Token {
	return m.client.Publish(topic, 1, false, payload)
}

// await waits for all of them together, and not for long: what is lost is as
// good, and the broker may be down until a step that waits for this one.
func (m *messages) await(sent ...paho.Token) {
	end := time.Now().Add(5 * time.Second)
	for _, token := range sent {
		token.WaitTimeout(max(0, time.Until(end)))
	}
}

// poison sends what must be set apart, and beside it two readings that must not.
func (m *messages) poison() {
	now := time.Now().UTC().Truncate(time.Millisecond)
	bad := wire.Address{County: countyName, Site: Bad, Gateway: Bad + "-gw"}
	reading := func(seq uint64, point string, at time.Time, v float64, unit sensors.Unit) wire.Record {
		return wire.Record{Seq: seq, Kind: wire.ReadingRecord, Boot: "harness", Clock: wire.ClockNTP, Unit: unit,
			Reading: sensors.NewGood(sensors.PointID(point), at, v)}
	}
	send := func(a wire.Address, records ...wire.Record) {
		payload, err := wire.EncodePack(wire.Pack{Epoch: 1, Oldest: 1, Next: 100, Records: records}, wire.CBOR)
		if err != nil {
			m.c.t.Fatal(err)
		}
		m.await(m.publish(a.Topic(wire.ChannelRecords), payload))
	}
	air := Bad + "/line/air"
	send(bad,
		reading(1, air, m.c.began, 4, sensors.Celsius),
		reading(2, air, now, 9999, sensors.Celsius),
		reading(3, air, now.Add(time.Hour), 4, sensors.Celsius),
		reading(4, Bad+"/line/volt", now, 12.5, sensors.Volt),
		reading(5, air, m.c.began.Add(time.Second), 5, sensors.Celsius),
		reading(6, Store+"/line/air", now, 5, sensors.Celsius),
	)
	send(wire.Address{County: countyName, Site: Store, Gateway: "unknown-gw"}, reading(1, Store+"/line/air", now, 5, sensors.Celsius))
	m.await(m.publish(wire.Address{County: countyName, Site: Store, Gateway: Store + "-gw"}.Topic(wire.ChannelRecords), []byte{0x85, 0xff, 0x00, 0x13, 0x37}))
}

// poisoned are gateway and reason of what poison sends.
func poisoned() [][2]string {
	return [][2]string{
		{Bad + "-gw", string(wire.OutOfRange)}, {Bad + "-gw", string(wire.TimeInFuture)}, {Bad + "-gw", string(wire.StoreRefused)},
		{Bad + "-gw", string(wire.WrongSender)}, {"unknown-gw", string(wire.WrongSender)}, {Store + "-gw", string(wire.Malformed)},
	}
}

// setApart lists what of the poison is not yet where it belongs.
func (c *county) setApart() (missing []string, err error) {
	got, err := c.quarantined()
	if err != nil {
		return nil, err
	}
	for _, want := range poisoned() {
		if got[want] == 0 {
			missing = append(missing, want[0]+": "+want[1])
		}
	}
	a, err := c.query(`SELECT count(value) FROM temperature WHERE point = '` + Bad + `/line/air'`)
	if err != nil {
		return nil, err
	}
	if len(a.Results[0].Series) == 0 || toText(a.Results[0].Series[0].Values[0][1]) != "2" {
		missing = append(missing, "the two good readings beside it")
	}
	return missing, nil
}
