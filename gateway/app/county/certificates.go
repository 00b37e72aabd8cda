package county

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"coldchain/alerting/profile"
	"coldchain/alerting/wording"
	"coldchain/gateway/certify"
	"coldchain/gateway/config"
	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/certificate"
	"coldchain/gateway/retention"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// certificates answers for certificates, for the page and its API.
type certificates struct {
	maker *certify.Maker
	keys  *evidence.Keyring
	pages *certificate.Pages
	view  view
	fonts func() (certificate.Fonts, error)
	// stamping is nil without a time-stamp authority.
	stamping *stamping
}

var _ web.Certificates = certificates{}

func (a *App) newCertificates(went exposed, v view, now func() time.Time) (c certificates, err error) {
	if c.keys, err = evidence.OpenKeyring(filepath.Join(a.cfg.Data, evidence.KeysFolder), a.cfg.County, now()); err != nil {
		return c, err
	}
	if c.pages, err = certificate.NewPages(); err != nil {
		return c, err
	}
	c.view, c.fonts, c.stamping = v, a.faces, a.stamping
	c.maker = certify.New(certify.Options{
		State: a.state, Exposures: went.reader, Freezer: a.keeper, Frozen: filepath.Join(a.cfg.Data, retention.Folder),
		Keys: c.keys, Folder: filepath.Join(a.cfg.Data, certify.Folder), County: vouching(a.cfg), Demo: a.cfg.Notice != config.Label{}, PublicURL: a.cfg.Web.PublicURL,
		Profile:         func(name string) (p profile.Profile, ok bool) { p, ok = a.goods.profiles[name]; return p, ok },
		Place:           a.placeOf(photosOf(a.cfg, a.log)),
		Person:          a.office.places.Person,
		Humidity:        func(zone string) (sensors.PointID, bool) { p := went.reader.Zones[zone].Humidity; return p, p != "" },
		CalibratedUntil: a.collector.CalibratedUntil, Calibration: certified(a.cfg, a.office.location), Now: now,
	})
	return c, nil
}

// vouching is who vouches for a certificate.
func vouching(cfg *config.County) evidence.County {
	name := cmp.Or(cfg.Name.ZH, cfg.Name.EN, cfg.County)
	return evidence.County{ID: cfg.County, Name: name, Office: cmp.Or(cfg.Certificate.Office, name), Phone: cfg.Certificate.Phone, Zone: cmp.Or(cfg.Timezone, "Asia/Shanghai")}
}

// certified finds the certificate of a probe that held at a time: of several the
// newest. One that is over says so by its date.
func certified(cfg *config.County, zone *time.Location) func(point string, at time.Time) (evidence.Probe, bool) {
	return func(point string, at time.Time) (found evidence.Probe, ok bool) {
		for _, x := range cfg.Calibrations {
			from, until, err := x.Day(zone)
			if x.Point != point || err != nil || from.After(at) || ok && !from.After(found.From) {
				continue
			}
			found, ok = evidence.Probe{Point: point, Device: x.Device, Certificate: x.Certificate, Laboratory: x.Laboratory, From: from.UTC(), Until: until.UTC(), UncertaintyC: x.UncertaintyC}, true
		}
		return found, ok
	}
}

// photosOf are the SHA-256 of the pictures of where probes hang, by zone. One that
// cannot be read is said and left out.
func photosOf(cfg *config.County, log *slog.Logger) map[string]string {
	out := map[string]string{}
	for _, s := range cfg.Sites {
		for _, z := range s.Zones {
			if z.ProbePhoto == "" {
				continue
			}
			picture, err := os.ReadFile(z.ProbePhoto)
			if err != nil {
				log.Warn("certificates go without the picture of a probe's position", "zone", s.ID+"/"+z.ID, "error", err)
				continue
			}
			sum := sha256.Sum256(picture)
			out[s.ID+"/"+z.ID] = hex.EncodeToString(sum[:])
		}
	}
	return out
}

// placeOf names a zone with what certificates say of it.
func (a *App) placeOf(photos map[string]string) func(zone string) evidence.Place {
	return func(zone string) evidence.Place {
		p, site := a.named(zone), a.office.places.sites[sensors.PointID(zone+"/x").Site()]
		p.Filing, p.Plate, p.Photo = site.Filing, site.Plate, photos[zone]
		return p
	}
}

// named names a zone; a place that nothing watches has its own words.
func (a *App) named(zone string) evidence.Place {
	name, _ := a.office.places.Zone(zone, wording.Chinese)
	if name == "" {
		return evidence.Place{Zone: zone, Name: zone}
	}
	return evidence.Place{Zone: zone, Name: a.office.places.Site(sensors.PointID(zone+"/x").Site(), wording.Chinese) + " " + name}
}

// Make implements web.Certificates.
func (c certificates) Make(ctx context.Context, by web.Actor, key, batch, reason string) error {
	who, err := c.view.who(ctx, by)
	if err != nil {
		return err
	}
	if _, err = c.maker.Make(ctx, who, state.IdempotencyKey(key), batch, reason); err != nil {
		return certificateWords(err)
	}
	c.stamping.wake()
	c.view.hub.Publish(web.BatchEvent, batch)
	return nil
}

func certificateWords(err error) error {
	var refused *certify.Refused
	switch {
	case errors.As(err, &refused):
		return &web.Refused{Code: "no-certificate", ZH: refused.ZH, EN: refused.EN}
	case errors.Is(err, store.ErrTemporary):
		return &web.Refused{Code: "store-away", ZH: "读数库暂时连不上，读数已锁定，请稍后再出证明", EN: "the store of readings is away; the readings are kept, make the certificate later"}
	}
	return translate(err)
}

// Of implements web.Certificates.
func (c certificates) Of(ctx context.Context, batch string) ([]web.Certificate, error) {
	all, err := c.maker.Of(ctx, batch)
	if err != nil {
		return nil, err
	}
	out := make([]web.Certificate, 0, len(all))
	for _, x := range all {
		out = append(out, web.Certificate{Stamp: stampOf(x.Stamp), Number: x.Number, Version: x.Version, Made: x.Made, By: c.view.office.places.Person(x.By.ID), SHA256: x.SHA256, Reason: x.Reason, Page: x.Page})
	}
	return out, nil
}

// Write implements web.Certificates.
func (c certificates) Write(ctx context.Context, w io.Writer, number string, form web.CertificateForm, nonce string) error {
	if form == web.CertificateStamp {
		answer, err := c.maker.OpenStamp(ctx, number)
		if err == nil {
			_, err = w.Write(answer)
		}
		return translate(err)
	}
	p, err := c.maker.Open(ctx, number)
	if err != nil {
		return translate(err)
	}
	switch form {
	case web.CertificateJSON:
		_, err = w.Write(p.Envelope)
		return err
	case web.CertificateHTML:
		return c.pages.HTML(w, p.Document, p.Key, nonce)
	}
	fonts, err := c.fonts()
	if errors.Is(err, certificate.ErrNoFont) {
		return &web.Refused{Code: "no-font", ZH: "这个程序没有带 PDF 字体，请用网页版证明打印", EN: certificate.ErrNoFont.Error()}
	}
	if err != nil {
		return fmt.Errorf("the font of certificates: %w", err)
	}
	return certificate.PDF(w, fonts, p.Document, p.Key, p.Envelope)
}
