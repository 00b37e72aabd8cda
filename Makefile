# Targets a newcomer needs: build, demo, test. See README.md.
SHELL := /bin/bash
.DEFAULT_GOAL := build
BIN := bin
CACHE := $(CURDIR)/.cache
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

.PHONY: build
build: page ## the three binaries in bin/, with the page inside
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/...

