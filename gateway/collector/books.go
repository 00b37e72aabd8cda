package collector

import (
	"maps"
	"slices"

	"coldchain/gateway/wire"
)

// SetBook says what the county knows of a site from now on, in place of what it
// knew before. The site is told when that is something else. It names the
// version.
func (c *Collector) SetBook(site string, b wire.SiteBook) (err error) {
	if b.Version, err = wire.BookVersion(b); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.books.by[site].Version == b.Version {
		return nil
	}
	if c.books.by == nil {
		c.books = siteBooks{by: map[string]wire.SiteBook{}, changed: map[string]bool{}}
	}
	c.books.by[site], c.books.changed[site] = b, true
	return nil
}

// siteBooks are what is known of each site, as it is sent to it. Collector.mu
// guards them.
type siteBooks struct {
	by      map[string]wire.SiteBook
	changed map[string]bool // since they were last sent
}

// spreadBooks sends the sites whose book has changed the new one. One that is not
// there asks by its next status.
func (c *Collector) spreadBooks() {
	c.spread(c.books.changed, c.gateways.reads, func(a wire.Address) { c.sendBook(a, "") })
}

// spread sends what is new of the changed sites to their gateways that take it,
// and forgets that it has changed.
func (c *Collector) spread(changed map[string]bool, takes func(gateway string) bool, send func(wire.Address)) {
	c.mu.Lock()
	sites := maps.Clone(changed)
	clear(changed)
	c.mu.Unlock()
	if len(sites) == 0 {
		return
	}
	for _, gateway := range slices.Sorted(maps.Keys(c.o.Registry.Gateways)) {
		if site := c.o.Registry.Gateways[gateway]; sites[site] && takes(gateway) {
			send(wire.Address{County: c.o.Registry.County, Site: site, Gateway: gateway})
		}
	}
}

// sendBook sends a gateway its site's book, unless it has it.
func (c *Collector) sendBook(a wire.Address, has string) {
	c.mu.Lock()
	b, known := c.books.by[a.Site]
	c.mu.Unlock()
	if known && b.Version != has {
		c.command(a, wire.Command{Book: &b})
	}
}

// reads reports whether a gateway that is online takes the county's book.
func (g *gateways) reads(gateway string) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	s := g.by[gateway]
	return s.Online && s.Book != ""
}
