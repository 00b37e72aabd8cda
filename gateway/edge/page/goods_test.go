package page

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"coldchain/alerting/trip"
)

// photoOf is a code by an encoder that is not the reader's, small in a large grey
// photo, with the noise of a JPEG.
func photoOf(t *testing.T, text string, width, height, size int) []byte {
	t.Helper()
	c, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	scaled, err := barcode.Scale(c, size, size)
	if err != nil {
		t.Fatal(err)
	}
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(m, m.Bounds(), image.NewUniform(color.Gray{205}), image.Point{}, draw.Src)
	at := image.Pt(width/5, height/6)
	draw.Draw(m, image.Rectangle{at, at.Add(image.Pt(size+80, size+80))}, image.NewUniform(color.Gray{240}), image.Point{}, draw.Src)
	draw.Draw(m, image.Rectangle{at.Add(image.Pt(40, 40)), at.Add(image.Pt(40+size, 40+size))}, scaled, image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload sends the page's form with a photo.
func upload(t *testing.T, s *Server, token, code string, photo []byte) *httptest.ResponseRecorder {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	form.WriteField("token", token)
	form.WriteField("code", code)
	if photo != nil {
		w, err := form.CreateFormFile("photo", "IMG_0001.jpg")
		if err != nil {
			t.Fatal(err)
		}
		w.Write(photo)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/truck/goods", &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Host, r.RemoteAddr = "192.168.1.20", "192.168.1.77:5000"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestGoodsAreLoadedByPhotoOrDigits(t *testing.T) {
	by := "site page, 192.168.1.77"
	page := photoOf(t, "https://county.example/batches/HJQ261123-TLG-007", 4000, 3000, 900)
	for name, tt := range map[string]struct {
		code  string
		photo []byte
		want  Goods
	}{
		"digits":                 {"618 038", nil, Goods{Code: "618038", By: by}},
		"photo of a page's code": {"", page, Goods{Batch: "HJQ261123-TLG-007", By: by}},
		"photo of an id":         {"", photoOf(t, "HJQ261123-TLG-007", 1200, 1600, 400), Goods{Batch: "HJQ261123-TLG-007", By: by}},
		"photo of digits":        {"", photoOf(t, "618038", 800, 600, 300), Goods{Code: "618038", By: by}},
		"digits beside a photo":  {"236062", page, Goods{Code: "236062", By: by}},
	} {
		c := &cab{t: Truck{Box: "truck-1/box", Phase: trip.Loading}}
		if w := upload(t, truckServer(t, c), "TOKEN", tt.code, tt.photo); w.Code != 303 || !slices.Equal(c.took, []Goods{tt.want}) {
			t.Errorf("%s: %d %s, took %+v", name, w.Code, w.Body, c.took)
		}
	}
}

// What is no batch's code is not noted, and the answer says what to do.
func TestGoodsThatCannotBeRead(t *testing.T) {
	var white bytes.Buffer
	if err := png.Encode(&white, image.NewGray(image.Rect(0, 0, 300, 300))); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		token, code string
		photo       []byte
		status      int
		says        string
	}{
		"nothing":             {"TOKEN", "", nil, 422, "请输入六位号码"},
		"a slip":              {"TOKEN", "618030", nil, 422, "号码不对"},
		"no code in it":       {"TOKEN", "", white.Bytes(), 422, "没有找到二维码"},
		"another code":        {"TOKEN", "", photoOf(t, "https://pay.example/?x=1", 800, 800, 400), 422, "号码不对"},
		"no photo":            {"TOKEN", "", []byte("<svg>not a photo</svg>"), 422, "不是照片"},
		"a page of 4 Gpx":     {"TOKEN", "", huge(white.Bytes()), 422, "不是照片"},
		"another page's form": {"WRONG", "618038", nil, 403, "没有执行"},
		"too big":             {"TOKEN", "", make([]byte, maxPhoto+1), 413, "12 MB"},
	} {
		c := &cab{t: Truck{Box: "truck-1/box"}}
		if w := upload(t, truckServer(t, c), tt.token, tt.code, tt.photo); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) || len(c.took) != 0 {
			t.Errorf("%s: %d %s, took %+v", name, w.Code, w.Body, c.took)
		}
	}
	still, err := New(Options{Source: showing(Snapshot{Now: morning, Site: "balagong"})})
	if err != nil {
		t.Fatal(err)
	}
	if w := upload(t, still, "x", "618038", nil); w.Code != 404 {
		t.Errorf("a store takes goods on board: %d", w.Code)
	}
}

// huge makes a small PNG say that it is 65536 pixels wide and high.
func huge(small []byte) []byte {
	b := slices.Clone(small)
	copy(b[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0})
	binary.BigEndian.PutUint32(b[29:33], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestLabels(t *testing.T) {
	for label, want := range map[string]Goods{
		"HJQ261123-TLG-007": {Batch: "HJQ261123-TLG-007"}, "https://id.example/01/06912345678901/10/HJQ261123-TLG-007/21/3": {Batch: "HJQ261123-TLG-007"},
		"https://x.example/batches/A-1/?a=b#c": {Batch: "A-1"}, " 618038\n": {Code: "618038"},
	} {
		if got, ok := readLabel(label); !ok || got != want {
			t.Errorf("%q is read as %+v, %v", label, got, ok)
		}
	}
	for _, none := range []string{"", "618030", "塔拉沟", "a b", "https://pay.example/?x=1/batches/A", strings.Repeat("x", 65)} {
		if got, ok := readLabel(none); ok {
			t.Errorf("%q is read as %+v", none, got)
		}
	}
}

// A photo is a stranger's bytes.
func FuzzReadCode(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe0"))
	var small bytes.Buffer
	if err := png.Encode(&small, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
		f.Fatal(err)
	}
	f.Add(small.Bytes())
	f.Add(huge(small.Bytes()))
	f.Fuzz(func(t *testing.T, photo []byte) {
		if text, err := readCode(t.Context(), bytes.NewReader(photo)); err != nil && text != "" {
			t.Errorf("%q and %v", text, err)
		}
		_, _, err := formatOf(bytes.NewReader(photo))
		if err != nil && !errors.Is(err, errPhoto) {
			t.Error(err)
		}
	})
}
