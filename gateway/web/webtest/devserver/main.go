// Command devserver shows the page with a made-up county, for those who work
// on the page: no broker, no store, nothing is measured. Its numbers are drawn
// with sine waves and mean nothing.
//
//	go run ./gateway/web/webtest/devserver -story demo
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"coldchain/gateway/door"
	"coldchain/gateway/evidence/certificate/font"
	"coldchain/gateway/files"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8190", "address to listen on")
	story := flag.String("story", "demo", "demo, fine or empty")
	token := flag.String("token", "demo", "token for changes; empty: none are allowed")
	every := flag.Duration("every", 5*time.Second, "how often values move")
	flag.Parse()
	if err := run(*listen, webtest.Story(*story), *token, *every); err != nil {
		fmt.Fprintln(os.Stderr, "devserver:", err)
		os.Exit(1)
	}
}

func run(listen string, story webtest.Story, token string, every time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	scene, err := webtest.NewScene(story, time.Now())
	if err != nil {
		return err
	}
	papers, err := os.MkdirTemp("", "devserver-files-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(papers)
	scene.Papers = files.New(papers)
	book, err := state.Open(ctx, filepath.Join(papers, "county.db"), time.Now)
	if err != nil {
		return err
	}
	defer book.Close() // what was typed here is thrown away in any case
	in := door.New(door.Options{State: book, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err := webtest.Users(ctx, book, in, webtest.Password); err != nil {
		return err
	}
	scene.Door, scene.Accounts = in, in
	hub := web.NewHub()
	deps := scene.Deps(scene.County, hub)
	faces, err := font.Load()
	if err == nil {
		deps.ReportPDF = func(w io.Writer, s report.Sheet) error { return report.PDF(w, faces, s) }
	} else if !errors.Is(err, font.ErrNone) {
		return err
	}
	s, err := web.New(deps, web.Options{Token: token, AnswerKey: []byte("devserver")})
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
	srv.RegisterOnShutdown(s.Close)
	live := make(chan struct{})
	go func() {
		defer close(live)
		scene.Run(ctx, hub, every)
		srv.Shutdown(context.WithoutCancel(ctx))
	}()
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		stop()
		<-live
		return err
	}
	fmt.Println("http://"+listener.Addr().String(), "sign in as one of", webtest.UserNames(), "with", webtest.Password)
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		<-live
		return err
	}
	<-live
	return nil
}
