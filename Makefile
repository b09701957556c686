# The one list of commands, for people and for CI. `make run` and `make test` set up everything they need in .venv.
PYTHON ?= python3
IMAGES ?=
OUT ?= demo/report
SPECIMEN ?= peripheral-blood
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: help run serve test test-services check format openapi bench bench-web clean

help:  ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

run: .venv/installed-base  ## Analyse IMAGES=... (files or folders; default: a painted smear) into OUT=demo/report
ifeq ($(strip $(IMAGES)),)
	$(BIN)/hemascope synth --out demo/fields --fields 60 --seed 0
	$(BIN)/hemascope analyze demo/fields --out $(OUT) --specimen $(SPECIMEN) --case-id demo --force
else
	$(BIN)/hemascope analyze $(IMAGES) --out $(OUT) --specimen $(SPECIMEN) --force
endif

test: .venv/installed-dev  ## Set everything up and run all tests
	$(BIN)/python -m pytest

serve: .venv/installed-web  ## Run a demonstration of the workstation at http://127.0.0.1:8000, data in demo/workstation
	$(BIN)/hemascope serve --data demo/workstation --demo

test-services: .venv/installed-dev  ## Run the web tests on a real MariaDB and Redis (installs them; Debian, as root)
	tools/test-services.sh

openapi: .venv/installed-dev  ## Write the description of the API to frontend/openapi.json
	DJANGO_SETTINGS_MODULE=hemascope.web.settings.test $(BIN)/python manage.py spectacular --validate --fail-on-warn \
		--format openapi-json --file frontend/openapi.json

check: .venv/installed-dev  ## Lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed-dev  ## Format the code and fix what the linter can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed-dev  ## Measure speed and memory with the shipped models, results to results/
	$(BIN)/python tools/bench.py --out results/speed

bench-web: .venv/installed-dev  ## Put the workstation under load on SQLite and on MariaDB, results to results/web
	$(BIN)/python tools/bench_web.py
	tools/with-services.sh $(BIN)/python tools/bench_web.py

clean:  ## Remove the environment and what the demo made
	rm -rf .venv demo

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed-base: pyproject.toml | .venv/bin/python
	$(PIP) -e .
	@touch $@

.venv/installed-web: pyproject.toml | .venv/bin/python
	$(PIP) -e '.[web]'
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/bin/python
	$(PIP) -e '.[dev]'
	@touch $@ .venv/installed-base .venv/installed-web
