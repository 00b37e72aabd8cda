// Command edge-agent reads the sensors of one site, keeps every reading on
// disk, and delivers it to the county.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"

	"coldchain/gateway/app"
	edgeapp "coldchain/gateway/app/edge"
)

var version = "dev" // set by the build

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "edge-agent:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("edge-agent", flag.ExitOnError)
	file := flags.String("config", "/etc/coldchain/edge.yaml", "configuration file")
	level := flags.String("log", "info", "debug, info, warn or error")
	showVersion := flags.Bool("version", false, "print the version and exit")
	_ = flags.Parse(args) // exits on error
	if *showVersion {
		fmt.Println("edge-agent", version)
		return nil
	}
	ctx, stop := app.Signals(context.Background())
	defer stop()
	log := app.Logger(os.Stderr, *level)
	a, err := edgeapp.FromFile(ctx, *file, version, log)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { app.Watchdog(ctx, a.Agent().Health, log) })
	err = a.Run(ctx)
	stop()
	wg.Wait()
	if closing := a.Close(); err == nil {
		err = closing
	}
	return err
}
