package web_test

import (
	"errors"
	"strings"
	"testing"

	"coldchain/gateway/epcis"
	"coldchain/gateway/web"
)

func TestABatchAsEPCIS(t *testing.T) {
	r := newRig(t, web.Options{})
	w := r.do(request{path: "/api/v1/batches/HJQ261123-TLG-007/epcis"})
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/ld+json" || !strings.Contains(w.Header().Get("Content-Disposition"), "HJQ261123-TLG-007.epcis.jsonld") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if err := epcis.Check(w.Body.Bytes()); err != nil {
		t.Error(err)
	}
	for path, code := range map[string]int{"NOSUCH/epcis": 404, "a%20b/epcis": 400, "HJQ261123-TLG-007/epcis?format=xml": 400} {
		if w := r.do(request{path: "/api/v1/batches/" + path}); w.Code != code {
			t.Errorf("%s: %d, want %d", path, w.Code, code)
		}
	}
	r.StateDown = errors.New("disk /dev/sda is on fire")
	if w := r.do(request{path: "/api/v1/batches/HJQ261123-TLG-007/epcis"}); w.Code != 500 || strings.Contains(w.Body.String(), "sda") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
