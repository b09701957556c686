# The one list of commands, for people and for CI. `make run` and `make test` set up everything they need in .venv.
PYTHON ?= python3
IMAGES ?=
OUT ?= demo/report
SPECIMEN ?= peripheral-blood
WORKERS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

# The pages of the workstation: everything in frontend/ but what npm and the tests put there.
APP := src/hemascope/web/app
APP_SOURCES := $(shell find frontend -type d \( -name node_modules -o -name coverage -o -name e2e -o -name test-results -o -name playwright-report \) -prune -o -type f -print)
MESSAGES := src/hemascope/web/locale/django
NODE_MODULES := frontend/node_modules/.package-lock.json
NPM := npm --prefix frontend

.DELETE_ON_ERROR:
.PHONY: help run serve app wheel test e2e test-services check format openapi messages bench bench-web clean

help:  ## List the commands
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

run: .venv/installed-base  ## Analyse IMAGES=... (files or folders; default: a painted smear) into OUT=demo/report
ifeq ($(strip $(IMAGES)),)
	$(BIN)/hemascope synth --out demo/fields --fields 60 --seed 0
	$(BIN)/hemascope analyze demo/fields --out $(OUT) --specimen $(SPECIMEN) --case-id demo --force
else
	$(BIN)/hemascope analyze $(IMAGES) --out $(OUT) --specimen $(SPECIMEN) --force
endif

test: .venv/installed-dev app  ## Set everything up and run all tests, in WORKERS=2 processes
	tools/install-browser.sh
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
	$(NPM) test

app: $(APP)/index.html  ## Build the pages of the workstation where their sources changed (needs Node.js 20)

wheel: app  ## Build the package with the pages in it, into dist/
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir dist .

serve: .venv/installed-web app  ## Run a demonstration of the workstation at http://127.0.0.1:8000, data in demo/workstation
	$(BIN)/hemascope serve --data demo/workstation --demo

e2e: .venv/installed-dev app  ## Go through the workstation in a real browser (tests in frontend/e2e; needs Chromium)
	tools/install-browser.sh
	$(NPM) run budget
	$(NPM) run e2e

test-services: .venv/installed-dev  ## Run the web tests on a real MariaDB and Redis (installs them; Debian, as root)
	tools/test-services.sh

openapi: .venv/installed-dev  ## Write the description of the API to frontend/openapi.json
	DJANGO_SETTINGS_MODULE=hemascope.web.settings.test $(BIN)/python manage.py spectacular --validate --fail-on-warn \
		--format openapi-json --file frontend/openapi.json
	$(BIN)/python tools/taxonomy_json.py > frontend/src/taxonomy/classes.json

messages: .venv/installed-dev  ## Bring the sentences of the server into their Chinese catalogue, and compile it
	$(BIN)/pybabel --quiet extract --keywords gettext_lazy --add-location file --output-file $(MESSAGES).pot src/hemascope/web
	$(BIN)/pybabel --quiet update --domain django --locale zh_Hans --output-dir $(dir $(MESSAGES)) --input-file $(MESSAGES).pot \
		--no-wrap --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	rm $(MESSAGES).pot
	$(BIN)/pybabel --quiet compile --domain django --locale zh_Hans --directory $(dir $(MESSAGES))

check: .venv/installed-dev $(NODE_MODULES)  ## Lint, format, types, layers; of the pages, too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run check

format: .venv/installed-dev  ## Format the code and fix what the linter can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/installed-dev  ## Measure speed and memory with the shipped models, results to results/
	$(BIN)/python tools/bench.py --out results/speed

bench-web: .venv/installed-dev  ## Put the workstation under load on SQLite and on MariaDB, results to results/web
	$(BIN)/python tools/bench_web.py
	tools/with-services.sh $(BIN)/python tools/bench_web.py

clean:  ## Remove the environment, and what was built and made by the demo
	rm -rf .venv demo dist frontend/node_modules $(APP)

$(APP)/index.html: $(APP_SOURCES) $(NODE_MODULES) | .venv/installed-web
	rm -rf $(APP)
	$(NPM) run build
	$(BIN)/python -m whitenoise.compress --quiet $(APP)
	@touch $@

$(NODE_MODULES): frontend/package-lock.json
	@command -v npm > /dev/null || { echo "npm is missing: install Node.js 20, which builds the pages"; exit 1; }
	$(NPM) ci --no-audit --no-fund
	@touch $@

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
