//go:build bench

// Command county is the collector with a clock that the bench sets: hours are
// rolled up as they end, and a bench cannot wait for hours. It guarantees nothing that the collector does not.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"runtime/pprof"

	"coldchain/deploy/bench/ticker"
	"coldchain/gateway/app"
	"coldchain/gateway/app/county"
	"coldchain/gateway/config"
)

func main() {
	file := flag.String("config", "", "the county's configuration file")
	clock := flag.String("clock", "", "file of the clock that the bench sets")
	profile := flag.String("profile", "", "file for a CPU profile")
	flag.Parse()
	if err := run(*file, *clock, *profile); err != nil {
		log.Fatal("bench county: ", err)
	}
}

func run(file, clock, profile string) error {
	ctx, stop := app.Signals(context.Background())
	defer stop()
	cfg, err := config.LoadCounty(file)
	if err != nil {
		return err
	}
	shared, err := ticker.Open(clock)
	if err != nil {
		return err
	}
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
	a, err := county.New(ctx, cfg, county.Options{Logger: app.Logger(os.Stderr, "warn"), Now: shared.Now})
	if err != nil {
		return err
	}
	defer a.Close()
	return a.Run(ctx)
}
