// Package app holds what the programs share at start and stop: signals, the
// log, and systemd's watchdog. Its subfolders are the composition roots. It
// guarantees that a watchdog ping means progress, not merely a live process.
package app
