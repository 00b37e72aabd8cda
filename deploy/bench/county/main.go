//go:build bench

// Command county is the collector with a clock that the bench sets: hours are
// rolled up as they end, and a bench cannot wait for hours. It guarantees nothing that the collector does not.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"log"
	"os"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"coldchain/gateway/app"
	"coldchain/gateway/app/county"
	"coldchain/gateway/config"
)

func main() {
	file := flag.String("config", "", "the county's configuration file")
	profile := flag.String("profile", "", "file for a CPU profile")
	flag.Parse()
	if err := run(*file, *profile); err != nil {
		log.Fatal("bench county: ", err)
	}
}

// run reads from its standard input what time it is, in milliseconds since
// 1970, a line each time that changes.
func run(file, profile string) error {
	ctx, stop := app.Signals(context.Background())
	defer stop()
	cfg, err := config.LoadCounty(file)
	if err != nil {
		return err
	}
	var ms atomic.Int64
	lines := bufio.NewScanner(os.Stdin)
	next := func() bool {
		at, err := strconv.ParseInt(lines.Text(), 10, 64)
		ms.Store(at)
		return err == nil
	}
	if !lines.Scan() || !next() {
		return errors.New("nobody says what time it is")
	}
	go func() { // ends with the bench
		for lines.Scan() && next() {
		}
	}()
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	now := func() time.Time { return time.UnixMilli(ms.Load()) }
	a, err := county.New(ctx, cfg, county.Options{Logger: app.Logger(os.Stderr, "warn"), Now: now})
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Run(ctx)
}
