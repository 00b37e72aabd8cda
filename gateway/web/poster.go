package web

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html/template"
	"image/color"
	"net/http"
	"slices"
	"strings"

	"github.com/boombuler/barcode/qr"

	"coldchain/alerting/duty"
	"coldchain/gateway/config"
)

// RepairerOf is who mends the cooling of a site and can be called; nil: nobody.
func RepairerOf(r duty.Roster, site string) *Contact {
	i := slices.IndexFunc(r.Persons, func(p duty.Person) bool { return p.Has(duty.Repairer) && p.Serves(site) && p.Phone != "" })
	if i < 0 {
		return nil
	}
	return &Contact{Name: r.Persons[i].Name, Phone: "+" + r.Persons[i].Phone}
}

type contactsAnswer struct {
	Now      stamp        `json:"now"`
	Repairer *contactJSON `json:"repairer"` // null: the roster has nobody who can be called
}

// contacts answers GET /api/v1/contacts?site= with who is called when cooling
// fails there: the same that an alarm of the site names.
func (s *Server) contacts(r *http.Request) (any, error) {
	if err := onlyParams(r, "site"); err != nil {
		return nil, err
	}
	site := r.URL.Query().Get("site")
	if !s.hasSite(site) {
		return nil, notFound("没有这个站点："+clip(site), "there is no such site: "+clip(site))
	}
	c, err := s.repairer(r, site)
	if err != nil {
		return nil, err
	}
	out := contactsAnswer{Now: stamp(s.opt.Now())}
	if c != nil {
		out.Repairer = &contactJSON{c.Name, c.Phone}
	}
	return out, nil
}

func (s *Server) repairer(r *http.Request, site string) (*Contact, error) {
	if s.deps.People == nil {
		return nil, nil
	}
	people, err := s.deps.People.People(r.Context())
	if err != nil {
		return nil, err
	}
	return RepairerOf(people.Roster, site), nil
}

// poster answers GET /poster?zone=&lang=zh|en with a sheet of A5 for a room's door:
// its name, a QR code that opens it, and who is called. It has no script.
func (s *Server) poster(w http.ResponseWriter, r *http.Request) {
	sheet, err := s.posterOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var out bytes.Buffer
	t, err := template.New("poster").Parse(posterHTML)
	if err == nil {
		err = t.Execute(&out, sheet)
	}
	if err != nil {
		s.fail(w, r, fmt.Errorf("draw the poster of %s: %w", sheet.Zone, err))
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+sheet.Nonce+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.Write(out.Bytes())
}

type posterSheet struct {
	Nonce, Lang, Zone          string
	County, Site, Room, Second string
	Scan, Call, NoCall, URL    string
	Repairer                   *Contact
	Side                       int // modules of the code and its quiet border
	Code                       []posterBox
}

// posterBox is a horizontal run of dark modules.
type posterBox struct{ X, Y, W int }

func (s *Server) posterOf(r *http.Request) (posterSheet, error) {
	if err := onlyParams(r, "zone", "lang"); err != nil {
		return posterSheet{}, err
	}
	id, lang := r.URL.Query().Get("zone"), r.URL.Query().Get("lang")
	zone, ok := s.index.zones[id]
	if !ok {
		return posterSheet{}, notFound("没有这个库区："+clip(id), "there is no such zone: "+clip(id))
	}
	if lang != "" && lang != "zh" && lang != "en" {
		return posterSheet{}, badInput("lang 应为 zh 或 en", "lang must be zh or en")
	}
	siteID, _, _ := strings.Cut(id, "/")
	at := slices.IndexFunc(s.deps.County.Sites, func(x Site) bool { return x.ID == siteID })
	out := posterSheet{Nonce: rand.Text(), Lang: "zh-CN", Zone: id, URL: s.address(r) + "/zones/" + id,
		Scan: "扫码看这间库现在多少度、有没有报警", Call: "制冷坏了，打电话给", NoCall: "名单里还没有维修人员的电话"}
	name := func(l config.Label) (string, string) { return firstOf(l.ZH, l.EN), l.EN }
	if lang == "en" {
		out.Lang, out.Scan, out.Call, out.NoCall = "en", "Scan to see how warm this room is and whether there is an alarm", "When cooling fails, call", "The roster has no repairer's number yet"
		name = func(l config.Label) (string, string) { return firstOf(l.EN, l.ZH), l.ZH }
	}
	out.County, _ = name(s.deps.County.Name)
	out.Site, _ = name(s.deps.County.Sites[at].Name)
	out.Room, out.Second = name(zone.Name)
	out.Room = firstOf(out.Room, id)
	var err error
	if out.Repairer, err = s.repairer(r, siteID); err != nil {
		return out, err
	}
	out.Side, out.Code, err = posterCode(out.URL)
	return out, err
}

func firstOf(texts ...string) string {
	i := slices.IndexFunc(texts, func(t string) bool { return t != "" })
	if i < 0 {
		return ""
	}
	return texts[i]
}

// posterCode encodes an address with a quarter of it to spare, for doors get
// scratched, and the border of four modules that ISO/IEC 18004 asks for.
func posterCode(text string) (side int, boxes []posterBox, err error) {
	const quiet = 4
	c, err := qr.Encode(text, qr.Q, qr.Auto)
	if err != nil {
		return 0, nil, fmt.Errorf("QR code of %.80q: %w", text, err)
	}
	b := c.Bounds()
	for y := range b.Dy() {
		for x := 0; x < b.Dx(); {
			run := 0
			for x+run < b.Dx() && color.GrayModel.Convert(c.At(b.Min.X+x+run, b.Min.Y+y)).(color.Gray).Y < 128 {
				run++
			}
			if run > 0 {
				boxes = append(boxes, posterBox{x + quiet, y + quiet, run})
			}
			x += run + 1
		}
	}
	return b.Dx() + 2*quiet, boxes, nil
}

const posterHTML = `<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Site}} {{.Room}}</title>
<style nonce="{{.Nonce}}">
@page{size:A5 portrait;margin:8mm}
body{margin:0 auto;max-width:132mm;font-family:-apple-system,'PingFang SC','Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei',sans-serif;color:#000;background:#fff;text-align:center}
p{margin:0}
.site{font-size:7mm}
h1{margin:1mm 0 0;font-size:15mm;line-height:1.1}
.second{font-size:6mm;color:#333}
svg{display:block;width:92mm;height:92mm;margin:1mm auto}
.scan{font-size:5mm}
.url{font-family:monospace;font-size:3mm;overflow-wrap:anywhere;color:#333}
.call{margin-top:4mm;padding-top:3mm;border-top:.6mm solid #000;font-size:6mm}
.call a{display:block;color:#000;text-decoration:none;font-size:12mm;font-weight:700;line-height:1.15}
</style></head><body>
<p class="site">{{.County}} · {{.Site}}</p><h1>{{.Room}}</h1><p class="second">{{.Second}}</p>
<svg viewBox="0 0 {{.Side}} {{.Side}}" role="img" aria-label="{{.URL}}" shape-rendering="crispEdges"><rect width="{{.Side}}" height="{{.Side}}" fill="#fff"/><path d="{{range .Code}}M{{.X}} {{.Y}}h{{.W}}v1h-{{.W}}z{{end}}"/></svg>
<p class="scan">{{.Scan}}</p><p class="url">{{.URL}}</p>
<div class="call">{{with .Repairer}}<p>{{$.Call}} {{.Name}}</p><a href="tel:{{.Phone}}">{{.Phone}}</a>{{else}}<p>{{.NoCall}}</p>{{end}}</div>
</body></html>
`
