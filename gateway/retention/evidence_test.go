package retention

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// odd are readings of every form.
func odd() []store.Record {
	with := func(i int, r sensors.Reading) store.Record {
		return store.Record{Reading: r, Quantity: sensors.Temperature, Gateway: "balagong-gw", Epoch: 3, Seq: uint64(i)}
	}
	at := func(i int) time.Time { return noon.Add(time.Duration(i)*time.Minute + 7*time.Millisecond) }
	placed := with(4, sensors.NewGood(air, at(4), -18.0625))
	placed.Reconstructed = true
	return []store.Record{
		with(1, sensors.NewGood(air, at(1), 1.0/3)), with(2, sensors.NewBad(air, at(2), sensors.Timeout)),
		with(3, sensors.NewUncertain(air, at(3), math.Copysign(0, -1), sensors.FlatLine).WithRaw(-0.5)), placed,
	}
}

func anHour() []state.FrozenRange {
	return []state.FrozenRange{{Point: air, Quantity: sensors.Temperature, From: noon, To: noon.Add(time.Hour)}}
}

func TestEvidenceIsReadWithoutTheStore(t *testing.T) {
	r := newRig(t, embedded(t))
	want := odd()
	_, err := r.store.Write(t.Context(), want)
	r.must(err)
	f, err := r.k.Freeze(t.Context(), keeper, "CC-2026-0001", anHour())
	r.must(err)
	r.must(r.store.Close())
	file, err := os.Open(filepath.Join(r.k.o.Folder, f.Evidence.File))
	r.must(err)
	defer file.Close()
	var got []store.Record
	h, err := ReadEvidence(file, func(x store.Record) bool { got = append(got, x); return true })
	r.must(err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if h.County != "hangjin" || h.Reference != "CC-2026-0001" || h.By != "person:qiqige" || !h.Frozen.Equal(noon) || len(h.Ranges) != 1 || h.Ranges[0].Unit != sensors.Celsius || !h.Ranges[0].To.Equal(noon.Add(time.Hour)) {
		t.Errorf("header %+v", h)
	}
	if info, err := file.Stat(); err != nil || info.Mode().Perm() != 0o600 || info.Size() != f.Evidence.Bytes {
		t.Errorf("%v %v", info, err)
	}
}

func TestAChangedEvidenceFileIsFound(t *testing.T) {
	r := newRig(t, embedded(t))
	_, err := r.store.Write(t.Context(), odd())
	r.must(err)
	f, err := r.k.Freeze(t.Context(), keeper, "CC-1", anHour())
	r.must(err)
	path := filepath.Join(r.k.o.Folder, f.Evidence.File)
	whole, err := os.ReadFile(path)
	r.must(err)
	r.must(Verify(r.k.o.Folder, f))
	for n := range whole {
		r.must(os.WriteFile(path, whole[:n], 0o600))
		if Verify(r.k.o.Folder, f) == nil {
			t.Fatalf("cut to %d of %d bytes: not found", n, len(whole))
		}
		changed := bytes.Clone(whole)
		changed[n] ^= 0x20
		r.must(os.WriteFile(path, changed, 0o600))
		if Verify(r.k.o.Folder, f) == nil {
			t.Fatalf("byte %d changed: not found", n)
		}
	}
	r.must(os.WriteFile(path, append(bytes.Clone(whole), 0), 0o600))
	if Verify(r.k.o.Folder, f) == nil {
		t.Error("one byte more: not found")
	}
	r.must(os.Remove(path))
	if err := Verify(r.k.o.Folder, f); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("gone: %v", err)
	}
}

// evidence is a small file.
func evidence(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := newWriter(&b, headerOf("hangjin", state.Frozen{Reference: "CC-1", By: keeper, At: noon, Ranges: anHour()}, noon))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range odd() {
		if err := w.add(0, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzReadEvidence(f *testing.F) {
	f.Add(evidence(f))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Fuzz(func(t *testing.T, in []byte) {
		n := 0
		_, err := ReadEvidence(bytes.NewReader(in), func(r store.Record) bool {
			n++
			if _, ok := r.Value(); ok == (r.Quality == sensors.Bad) {
				t.Errorf("%s: quality and value contradict each other", r)
			}
			return n < 10_000
		})
		if err == nil && n == 0 && len(in) == 0 {
			t.Error("nothing was taken for evidence")
		}
	})
}
