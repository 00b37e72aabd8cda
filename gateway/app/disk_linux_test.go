package app

import "testing"

func TestDiskOf(t *testing.T) {
	free, size, ok := DiskOf(t.TempDir())()
	if !ok || size == 0 || free > size {
		t.Errorf("%d of %d bytes free, known %v", free, size, ok)
	}
	if _, _, ok := DiskOf(t.TempDir() + "/not-there")(); ok {
		t.Error("a folder that is not there has a disk")
	}
}
