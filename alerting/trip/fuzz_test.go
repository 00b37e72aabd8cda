package trip

import (
	"bytes"
	"testing"
)

// FuzzRestore: whatever stands in the file, it is refused, or it is a truck that
// can be asked and written again as it was.
func FuzzRestore(f *testing.F) {
	f.Add([]byte(`{"v":1,"door":[{"f":5,"t":6},{"f":7,"t":8,"o":true}],"since":5,"motion":{"at":9,"lat":39.8,"lon":108.7,"anchor":{"at":9,"lat":39.8,"lon":108.7},"since":9},"air":[{"t":5,"v":-18}]}`))
	f.Add([]byte(`{"v":1}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, blob []byte) {
		truck := truckOf()
		if truck.Restore(blob) != nil {
			return
		}
		truck.Says([]Say{{At: minute(1), Empty: true}})
		truck.Status(minute(2))
		truck.Door(minute(3), true)
		if st := truck.Status(minute(4)); st.Armed != (st.Load != Empty) {
			t.Errorf("%+v", st)
		}
		written := truck.Dirty()
		again := truckOf()
		if err := again.Restore(written); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, written)
		}
		again.dirty = true
		if b := again.Dirty(); !bytes.Equal(b, written) {
			t.Errorf("%s\nbecomes\n%s", written, b)
		}
	})
}
