package app

import "golang.org/x/sys/unix"

// DiskOf tells how many bytes are free on the disk that a folder lies on, for
// programs without special rights, and of how many; ok is false when it cannot
// be asked.
func DiskOf(folder string) func() (free, size uint64, ok bool) {
	return func() (free, size uint64, ok bool) {
		var s unix.Statfs_t
		if err := unix.Statfs(folder, &s); err != nil || s.Bsize <= 0 {
			return 0, 0, false
		}
		block := uint64(s.Bsize)
		return s.Bavail * block, s.Blocks * block, true
	}
}
