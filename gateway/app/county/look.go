package county

import (
	"context"

	"coldchain/gateway/door"
	"coldchain/gateway/retention"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
)

// URL is the page's address.
func (a *App) URL() string {
	scheme := "http://"
	if a.cfg.Web.TLS.CertFile != "" {
		scheme = "https://"
	}
	return scheme + a.listener.Addr().String()
}

// BrokerURL is the embedded broker's address; empty with an outside one.
func (a *App) BrokerURL() string {
	if a.broker == nil {
		return ""
	}
	return a.broker.URL()
}

// Store, State and Collector give the demo and tests a look at what the county
// knows.
func (a *App) Store() store.Store { return a.store }

// Keeper freezes what certificates use.
func (a *App) Keeper() *retention.Keeper { return a.keeper }

// State is county.db.
func (a *App) State() *state.DB { return a.state }

// Door is who may come in.
func (a *App) Door() *door.Door { return a.door }

// Custody is what is written down of batches, as the page has it.
func (a *App) Custody() web.Custody { return a.custody }

// Booked tells that batches were booked in county.db itself: which trucks hold
// goods, and which rooms out of use, is read anew.
func (a *App) Booked(ctx context.Context) error { return a.goods.usage.refresh(ctx) }
