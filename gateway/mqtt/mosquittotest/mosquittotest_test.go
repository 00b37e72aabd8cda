package mosquittotest_test

import (
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"coldchain/gateway/mqtt/mosquittotest"
)

func connect(t *testing.T, b *mosquittotest.Broker, user, password string) error {
	t.Helper()
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(b.URL).SetClientID("probe").SetUsername(user).SetPassword(password))
	token := c.Connect()
	if !token.WaitTimeout(5 * time.Second) {
		t.Fatal("no answer from the broker")
	}
	if token.Error() == nil {
		c.Disconnect(50)
	}
	return token.Error()
}

func TestBrokerRestarts(t *testing.T) {
	b := mosquittotest.Start(t, "allow_anonymous true\n")
	addr := b.Addr
	for name, end := range map[string]func(){"stop": b.Stop, "kill": b.Kill} {
		if err := connect(t, b, "", ""); err != nil {
			t.Fatalf("before %s: %v", name, err)
		}
		end()
		if err := connect(t, b, "", ""); err == nil {
			t.Errorf("%s: the broker still answers", name)
		}
		b.Restart(t)
		if b.Addr != addr {
			t.Errorf("%s: moved from %s to %s", name, addr, b.Addr)
		}
	}
}

func TestConfigurationIsTaken(t *testing.T) {
	b := mosquittotest.Start(t, "listener 8883\nallow_anonymous false\nlistener 9001\nuser nobody\n")
	if err := connect(t, b, "", ""); err == nil {
		t.Error("a stranger was let in against allow_anonymous false")
	}
}
