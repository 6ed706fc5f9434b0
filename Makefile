# Maskloop. `make help` lists the targets; `make run` and `make test` do all of their own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMPS := .cache/setup
PYTEST := $(BIN)/pytest -q
WEB_SOURCES := $(shell find frontend/src frontend/public frontend/scripts frontend/index.html frontend/vite.config.ts frontend/tsconfig.json frontend/package.json -type f 2>/dev/null)

.PHONY: help setup run dev lint types check unit web-test test test-long e2e bench fmt migration migrate sbom openapi chromium clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

setup: $(STAMPS)/python $(STAMPS)/node $(STAMPS)/web ## virtual environment in .venv, npm packages, the built front end

$(STAMPS)/python: requirements.lock pyproject.toml
	@mkdir -p $(STAMPS) frontend/dist
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Maskloop needs Python 3.11 or newer; this is $$($(PYTHON) --version)."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "Python's venv module is missing. Install it: apt-get install -y python3-venv"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/node: frontend/package-lock.json
	@mkdir -p $(STAMPS)
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null || { echo "Maskloop needs Node 20.19 or newer to build its pages."; exit 2; }
	cd frontend && npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMPS)/web: $(STAMPS)/node $(WEB_SOURCES)
	cd frontend && npm run --silent build
	@touch $@

chromium: # the browser of the end-to-end tests
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	  else echo "The browser tests need Chromium. Install it: sudo apt-get install -y chromium"; exit 2; fi; }

run: setup ## set up, then start everything with the demo project
	$(BIN)/maskloop up --demo

dev: setup ## as `run`, with the front end served and rebuilt by Vite on port 5173
	@$(BIN)/maskloop up --demo & up=$$!; trap 'kill $$up' EXIT; cd frontend && npx vite

lint: setup ## ruff, mypy, import direction, sizes, Biome, tsc
	$(BIN)/ruff check backend tests alembic
	$(BIN)/ruff format --check --quiet backend tests alembic
	$(BIN)/lint-imports --config .importlinter --no-logo 2>/dev/null || $(BIN)/lint-imports --config .importlinter
	$(BIN)/python -m tests.lint_sizes
	cd frontend && npm run --silent lint

types: setup ## mypy strict and tsc strict
	$(BIN)/mypy
	cd frontend && npm run --silent types

unit: setup
	$(PYTEST) -n 2 tests/imaging tests/formats tests/inference

web-test: setup
	cd frontend && npm run --silent test

check: lint types unit web-test ## lint, types and unit tests

test: setup chromium lint types web-test ## everything
	$(PYTEST) -n 2 -m "not long and not e2e and not faults" tests
	$(PYTEST) -m "(e2e or faults) and not long" tests

test-long: setup chromium ## the long seeded counts
	$(PYTEST) -m long tests

e2e: setup chromium ## the browser stories alone
	$(PYTEST) -m "e2e and not long" tests/e2e

bench: setup chromium ## measure; writes bench-out/bench.json and prints one table
	$(BIN)/python -m tests.bench

fmt: setup ## format everything
	$(BIN)/ruff check --fix --quiet backend tests alembic || true
	$(BIN)/ruff format --quiet backend tests alembic
	cd frontend && npm run --silent format

openapi: setup ## write docs/openapi.json and the front end's types from it
	$(BIN)/python -m maskloop.commands.openapi docs/openapi.json
	cd frontend && npm run --silent api

migration: setup ## make migration m="what changes": an empty step to write
	@test -n "$(m)" || { echo 'Say what it changes: make migration m="add ..."'; exit 2; }
	$(BIN)/python -m maskloop.commands.migration "$(m)"

migrate: setup ## bring the database that the settings name up to date
	$(BIN)/maskloop migrate

sbom: setup ## list of components (CycloneDX JSON)
	@mkdir -p bench-out
	$(BIN)/python -m maskloop.commands.sbom > bench-out/sbom.json

clean: ## remove what setup made (not the data)
	rm -rf .venv .cache frontend/node_modules frontend/dist
