// Command collector is the county's end: it receives, judges, stores and shows
// what the edge agents deliver.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"

	"coldchain/gateway/app"
	"coldchain/gateway/app/county"
)

var version = "dev" // set by the build

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "collector:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("collector", flag.ExitOnError)
	file := flags.String("config", "/etc/coldchain/county.yaml", "configuration file")
	level := flags.String("log", "info", "debug, info, warn or error")
	showVersion := flags.Bool("version", false, "print the version and exit")
	_ = flags.Parse(args) // exits on error
	if *showVersion {
		fmt.Println("collector", version)
		return nil
	}
	ctx, stop := app.Signals(context.Background())
	defer stop()
	log := app.Logger(os.Stderr, *level)
	a, err := county.FromFile(ctx, *file, log, os.Stderr)
	if err != nil {
		return err
	}
	log.Info("collector", "version", version, "page", a.URL())
	var wg sync.WaitGroup
	wg.Go(func() { app.Watchdog(ctx, a.Progress, log) })
	err = a.Run(ctx)
	stop()
	wg.Wait()
	if closing := a.Close(); err == nil {
		err = closing
	}
	return err
}
