# Everything sets itself up: `make demo` or `make test` is all a fresh machine
# needs besides Python and make. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KURRENT := .venv-kurrentdb
OLDEST := .venv-oldest
PIP := -m pip --disable-pip-version-check
PYTEST := $(BIN)/python -m pytest
export ESNB_PROGRESS ?= 0

.DEFAULT_GOAL := help
.PHONY: help demo test environments test-main test-notebooks test-binder test-browser test-kurrentdb test-oldest test-node test-vscode conformance lint format notebooks badges lab bench docs screenshots clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

# --- environments -----------------------------------------------------------

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "esnb needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) --version 2>&1): make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { \
	  echo "$(PYTHON) cannot make virtual environments (on Debian: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml
	$(BIN)/python $(PIP) install --quiet -e '.[notebooks]'
	@touch $@

# What the notebooks need, as on Binder: a test holds the two lists together.
$(VENV)/.lab: $(VENV)/bin/python pyproject.toml
	$(BIN)/python $(PIP) install --quiet -e '.[notebooks,queue]'
	@touch $@ $(VENV)/.demo

$(VENV)/.test: $(VENV)/bin/python pyproject.toml
	$(BIN)/python $(PIP) install --quiet -e '.[dev]'
	@touch $@ $(VENV)/.demo $(VENV)/.lab

# kurrentdbclient and esdbclient cannot share an environment: esnb goes in
# without its dependencies, and they come from the list.
$(KURRENT)/.test: $(VENV)/bin/python pyproject.toml tests/environments/kurrentdb.txt
	$(PYTHON) -m venv $(KURRENT)
	$(KURRENT)/bin/python $(PIP) install --quiet -r tests/environments/kurrentdb.txt
	$(KURRENT)/bin/python $(PIP) install --quiet --no-deps -e .
	@touch $@

$(OLDEST)/.test: $(VENV)/bin/python pyproject.toml tests/environments/oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python $(PIP) install --quiet -e . -r tests/environments/oldest.txt
	@touch $@

# Set up side by side: pip keeps no more than one core busy.
environments: $(VENV)/bin/python
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/.test $(KURRENT)/.test $(OLDEST)/.test

# Packages from npm; their versions are in package.json.
NODE := tests/node
$(NODE)/node_modules/.test: $(NODE)/package.json
	cd $(NODE) && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

WEBVIEW := tests/browser/vscode
VSCODE := build/vscode
$(VSCODE)/.test: $(WEBVIEW)/bundles.py | $(VENV)/bin/python
	$(BIN)/python -m tests.browser.vscode.bundles
	@touch $@

# --- the two commands ---------------------------------------------------------

demo: $(VENV)/.demo ## the whole story on embedded stores, in the terminal
	ESNB_PROGRESS=1 $(BIN)/esnb demo

test: environments test-main test-notebooks test-binder test-kurrentdb test-oldest test-node test-browser ## every test, in every environment
	@echo "all tests passed"

# --- its parts ----------------------------------------------------------------

test-main: $(VENV)/.test $(KURRENT)/.test ## unit, contract, conformance, integration
	ESNB_KURRENTDB_PYTHON=$(CURDIR)/$(KURRENT)/bin/python $(PYTEST) -n 2 --dist loadfile --ignore tests/browser --ignore tests/node --ignore tests/binder -m 'not exhaustive'

test-notebooks: $(VENV)/.test ## docstring examples, and the notebooks against their stored outputs
	$(PYTEST) --doctest-modules -p no:cacheprovider esnb
	$(PYTEST) --nbval -p no:cacheprovider notebooks

test-binder: $(VENV)/.test ## the environments of Binder and Colab, built in a clean directory, and the notebooks in them
	$(PYTEST) tests/binder

test-browser: $(VENV)/.test ## widgets in JupyterLab and Notebook 7, in a real browser
	$(BIN)/python -m tests.browser.chromium
	$(PYTEST) -n 2 --dist loadfile tests/browser --ignore $(WEBVIEW)

# Node is not needed to work on esnb: without it these tests are left out, aloud;
# CI installs it, and fails without.
test-node: $(VENV)/.test ## clients and workers in JavaScript against the embedded servers, and test-vscode
	@if command -v npm >/dev/null && { command -v node || command -v nodejs; } >/dev/null; then \
	  $(MAKE) --no-print-directory $(NODE)/node_modules/.test && $(PYTEST) tests/node && \
	  $(MAKE) --no-print-directory test-vscode; \
	else \
	  echo "test-node LEFT OUT: it needs node and npm (on Debian: apt install nodejs npm)"; \
	  test -z "$$CI"; \
	fi

test-vscode: $(VENV)/.test $(VSCODE)/.test ## widgets in the widget manager of VS Code, in a real browser
	$(BIN)/python -m tests.browser.chromium
	$(PYTEST) -n 2 --dist loadfile $(WEBVIEW)

conformance: $(VENV)/.test ## every recorded scenario of a real EventStoreDB against the embedded one
	$(PYTEST) -n 2 --dist loadfile tests/conformance

CORE := tests/unit tests/contract tests/conformance tests/integration

test-kurrentdb: $(KURRENT)/.test ## the suite's core with kurrentdbclient
	$(KURRENT)/bin/python -m pytest -n 2 --dist loadfile $(CORE) -m 'not env and not extras and not once'

test-oldest: $(OLDEST)/.test ## the suite's core with the oldest allowed versions
	$(OLDEST)/bin/python -m pytest -n 2 --dist loadfile $(CORE) -m 'not env and not extras and not once'

# --- the rest -------------------------------------------------------------------

lint: $(VENV)/.test ## ruff, mypy --strict over package and tests, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.test ## let ruff format and fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

notebooks: $(VENV)/.test ## run the notebooks anew and store their outputs
	$(BIN)/python notebooks/run.py

badges: $(VENV)/.lab ## write the badges of README and notebooks: they lead to Source in pyproject.toml
	$(BIN)/python notebooks/badges.py

lab: $(VENV)/.lab ## JupyterLab in notebooks/
	ESNB_PROGRESS=1 $(BIN)/jupyter lab notebooks

bench: $(VENV)/.test ## benchmarks: ratios against the raw clients
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

docs: $(VENV)/.test ## the notebooks as web pages in build/docs
	$(BIN)/jupyter nbconvert --to html --output-dir build/docs notebooks/*.ipynb

screenshots: $(VENV)/.test ## the README's pictures in docs/, from JupyterLab in a real browser
	$(BIN)/python -m tests.browser.chromium
	ESNB_SCREENSHOTS=build/screenshots $(PYTEST) tests/browser --ignore $(WEBVIEW) -k every_theme_and_width
	mkdir -p docs
	for theme in light dark; do \
	  cp build/screenshots/explore-wide-$$theme-state.png docs/explore-$$theme.png; \
	  cp build/screenshots/browse-wide-$$theme-event.png docs/browse-$$theme.png; \
	  cp build/screenshots/watch-wide-$$theme.png docs/watch-$$theme.png; \
	  cp build/screenshots/flow-wide-$$theme.png docs/flow-$$theme.png; \
	  cp build/screenshots/flow-wide-$$theme-lanes.png docs/lanes-$$theme.png; \
	done

clean: ## remove environments, caches and builds
	rm -rf $(VENV) $(KURRENT) $(OLDEST) $(NODE)/node_modules build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
