# Targets a newcomer needs: build, demo, test. See README.md.
SHELL := /bin/bash
.DEFAULT_GOAL := build
CACHE := $(CURDIR)/.cache/bin
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
INFLUXD := github.com/influxdata/influxdb/cmd/influxd@v1.8.10
TOXIPROXY := github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0
TELEGRAF := github.com/influxdata/telegraf/cmd/telegraf@v1.36.4
TELEGRAF_PARTS := custom,inputs.mqtt_consumer,inputs.modbus,outputs.influxdb_v2,outputs.discard,parsers.influx,serializers.influx
UI := gateway/web/ui
PARTS := gateway/evidence/npm
FONT := gateway/evidence/certificate/font
NOTO := $(PARTS)/node_modules/@expo-google-fonts/noto-sans-sc

.PHONY: build demo page font verify-page test test-deps test-qemu chaos e2e check bench bench-deps cross clean help

build: page font ## the three binaries in bin/, with the page inside
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

demo: build ## the whole county on this machine
	./bin/coldchain demo $(DEMO)

page: $(UI)/node_modules/.installed ## the browser's page
	cd $(UI) && npm run --silent build

$(UI)/node_modules/.installed: $(UI)/package-lock.json
	cd $(UI) && npm ci --no-audit --no-fund --loglevel=error
	touch $@

font: $(FONT)/regular.ttf.gz $(FONT)/semibold.ttf.gz ## the font of the certificates' PDFs (57 MB from npm, once)

$(FONT)/regular.ttf.gz: $(PARTS)/node_modules/.installed
	gzip -9nc $(NOTO)/400Regular/NotoSansSC_400Regular.ttf > $@.new && mv $@.new $@

$(FONT)/semibold.ttf.gz: $(PARTS)/node_modules/.installed
	gzip -9nc $(NOTO)/600SemiBold/NotoSansSC_600SemiBold.ttf > $@.new && mv $@.new $@

$(PARTS)/node_modules/.installed: $(PARTS)/package-lock.json
	cd $(PARTS) && npm ci --no-audit --no-fund --loglevel=error
	touch $@

verify-page: $(PARTS)/node_modules/.installed ## the offline verifier's libraries, bundled into the file that is committed
	cd $(PARTS) && npm run --silent build

test: font page ## unit tests under the race detector, integration tests with plain binaries
	go test -race -timeout 20m $$(go list ./... | grep -v /app/chain)
	go test -count 1 -timeout 20m ./gateway/app/chain # builds its own binaries, which go's cache of results cannot see

test-deps: ## what the tests against real servers need (Debian packages, influxd, toxiproxy)
	deploy/test-deps.sh $(CACHE) $(INFLUXD) $(TOXIPROXY)

test-qemu: ## the arm agent on an emulated board: a TMP105, and ROUNDS=20 power cuts (needs make test-deps)
	POWER_ROUNDS=$(ROUNDS) go test -tags qemu -count 1 -v -timeout 75m ./deploy/qemu

chaos: ## a county while everything is killed, cut, damaged and mistold; CHAOS_SEED=7, HOURS=8 soaks (needs make test-deps)
	CHAOS_HOURS=$(HOURS) go test -tags chaos -count 1 -v -timeout $(if $(HOURS),0,15m) -run TestChaos ./gateway/app/chaos

e2e: build ## people at the pages of a real county in Chromium, pictures in .cache/e2e (needs make test-deps)
	cd gateway/web/e2e && npm ci --no-audit --no-fund --loglevel=error && npm test

check: $(CACHE)/staticcheck $(UI)/node_modules/.installed ## gofmt, vet, staticcheck, import arrows, page types
	@test -z "$$(git ls-files '*.go' | xargs gofmt -l | tee /dev/stderr)" || { echo 'gofmt -w the files above'; exit 1; }
	go vet ./...
	go vet -tags chaos,chaosclock ./gateway/app/...
	$(CACHE)/staticcheck ./...
	go test ./gateway/app
	cd $(UI) && npm run --silent check && npm test --silent

$(CACHE)/staticcheck:
	GOBIN=$(CACHE) go install $(STATICCHECK)

bench: ## what it costs, beside what it replaces (a table; needs make test-deps bench-deps)
	go test -tags bench -count 1 -timeout 30m -v -run . ./deploy/bench | grep -E "\||FAIL|panic|error|SKIP|run .make" 

bench-deps: $(CACHE)/telegraf ## Telegraf to compare with, with the parts the bench uses (a minute, once)

$(CACHE)/telegraf:
	GOBIN=$(CACHE) go install -trimpath -ldflags '-s -w' -tags $(TELEGRAF_PARTS) $(TELEGRAF)

cross: ## the edge agent for arm64 and armv7
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/linux-arm64/edge-agent ./cmd/edge-agent
	CGO_ENABLED=0 GOOS=linux GOARCH=arm GOARM=7 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/linux-armv7/edge-agent ./cmd/edge-agent

clean: ## what the build made
	rm -rf bin gateway/web/dist/app

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 12
