package page

import (
	"encoding/base64"
	"net"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"coldchain/alerting/trip"
	"coldchain/gateway/web/webtest/chromium"
	"coldchain/sensors"
)

// locked is a cab that a browser may press while the test looks.
type locked struct {
	mu sync.Mutex
	cab
}

func (l *locked) Truck() Truck {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cab.Truck()
}

func (l *locked) Say(w Word) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Phase = w.Phase
	return l.cab.Say(w)
}

func (l *locked) Load(g Goods) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Loaded = append(l.t.Loaded, Loaded{Name: g.Batch + g.Code, At: morning})
	return l.cab.Load(g)
}

// The truck's page as a telephone on its Wi-Fi has it: plain HTTP at an address
// that is not localhost, so no worker and no camera. The button, a photo of a code
// and six digits work; when the gateway is gone the cab's display says so.
func TestTheTrucksPageInABrowser(t *testing.T) {
	l, err := net.Listen("tcp", net.JoinHostPort(chromium.OwnAddress(t), "0"))
	if err != nil {
		t.Fatal(err)
	}
	c := &locked{cab: cab{t: Truck{Box: "truck-1/box", Phase: trip.Loading, Load: trip.Empty, HasBand: true, Ready: true, Measured: true, High: number(-15)}}}
	s, err := New(Options{Cab: c, Source: showing(Snapshot{Now: morning, Site: "truck-1", Gateway: "truck-1-gw", Version: "v", Clock: "gnss",
		Points: []Point{measured("truck-1/box/air", sensors.Temperature, 7e9, -18.2)}})})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(s)
	srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	defer srv.Close()

	b := chromium.Open(t)
	b.Go(srv.URL + "/cab")
	b.Await("plain HTTP at an address is no secure context", `!window.isSecureContext && !navigator.serviceWorker && !navigator.mediaDevices`)
	b.Await("huge digits", `parseFloat(getComputedStyle(document.querySelector('.digits')).fontSize) >= 64 && document.querySelector('.digits').innerText.includes('18.2')`)
	b.Press("出发")
	b.Await("the cab's display again, and the next button", `location.pathname === '/cab' && document.querySelector('#next').innerText.includes('到站')`)
	photo := base64.StdEncoding.EncodeToString(photoOf(t, "HJQ261123-TLG-007", 1200, 900, 400))
	if _, err := b.Eval(`(() => { const bytes = Uint8Array.from(atob('` + photo + `'), c => c.charCodeAt(0)), d = new DataTransfer()
		d.items.add(new File([bytes], 'IMG_1.jpg', {type: 'image/jpeg'})); document.querySelector('input[type=file]').files = d.files })()`); err != nil {
		t.Fatal(err)
	}
	b.Press("装上车")
	b.Await("the batch is noted", `location.pathname === '/cab' && document.querySelector('#goods').innerText.includes('HJQ261123-TLG-007')`)
	if _, err := b.Eval(`document.querySelector('input[name=code]').value = '618038'`); err != nil {
		t.Fatal(err)
	}
	b.Press("装上车")
	b.Await("the digits are noted", `document.querySelector('#goods').innerText.includes('618038')`)
	c.mu.Lock()
	took, said := slices.Clone(c.took), slices.Clone(c.said)
	c.mu.Unlock()
	if len(took) != 2 || took[0].Batch != "HJQ261123-TLG-007" || took[1].Code != "618038" || len(said) != 1 || said[0].Phase != trip.InTransit {
		t.Errorf("took %+v, said %+v", took, said)
	}
	srv.CloseClientConnections()
	srv.Close()
	b.Await("the lost gateway is told", `!document.querySelector('#cut').hidden && document.body.className === 'cut'`)
}
