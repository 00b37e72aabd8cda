// Command coldchain is the person's tool: demo, simulate, scan, probe,
// commission, check, batch.
package main

import (
	"context"
	"os"

	"coldchain/gateway/app"
	"coldchain/gateway/app/tool"
)

var version = "dev" // set by the build

func main() {
	ctx, stop := app.Signals(context.Background())
	defer stop()
	os.Exit(tool.Run(ctx, version, os.Args[1:], os.Stdout, os.Stderr))
}
