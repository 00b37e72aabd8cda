package wire

import (
	"fmt"
	"strings"

	"coldchain/sensors"
)

// Channel is the last part of a topic: what kind of message travels there.
type Channel string

// The channels. Records, Status, Inventory and Event go from a gateway to the
// county; Hello, Ack and Command come back.
const (
	ChannelRecords   Channel = "records"
	ChannelStatus    Channel = "status"
	ChannelInventory Channel = "inventory"
	ChannelEvent     Channel = "event"
	ChannelHello     Channel = "hello"
	ChannelAck       Channel = "ack"
	ChannelCommand   Channel = "command"
)

// Address is one gateway's place in the topic tree
// coldchain/v1/{county}/{site}/{gateway}/{channel}.
type Address struct {
	County, Site, Gateway string
}

// Topic returns the topic of one channel of this gateway.
func (a Address) Topic(c Channel) string {
	return "coldchain/v1/" + a.County + "/" + a.Site + "/" + a.Gateway + "/" + string(c)
}

// Filter returns the subscription that catches one channel of every gateway of
// a county.
func Filter(county string, c Channel) string {
	return "coldchain/v1/" + county + "/+/+/" + string(c)
}

// ParseTopic takes a topic apart. It refuses another version of the protocol
// and names that are not slugs.
func ParseTopic(topic string) (Address, Channel, error) {
	parts := strings.Split(topic, "/")
	if len(parts) != 6 || parts[0] != "coldchain" {
		return Address{}, "", fmt.Errorf("topic %.100q: want coldchain/v1/{county}/{site}/{gateway}/{channel}", topic)
	}
	if parts[1] != "v1" {
		return Address{}, "", fmt.Errorf("topic %.100q: protocol %q is not known here (v1 is)", topic, parts[1])
	}
	for _, p := range parts[2:5] {
		if !sensors.IsSlug(p) {
			return Address{}, "", fmt.Errorf("topic %.100q: %q is not a name", topic, p)
		}
	}
	switch c := Channel(parts[5]); c {
	case ChannelRecords, ChannelStatus, ChannelInventory, ChannelEvent, ChannelHello, ChannelAck, ChannelCommand:
		return Address{County: parts[2], Site: parts[3], Gateway: parts[4]}, c, nil
	default:
		return Address{}, "", fmt.Errorf("topic %.100q: channel %q is not known", topic, parts[5])
	}
}
