# Every target does its own set-up: all it needs is Python 3.11 or newer, make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A run of the tests starts many processes; none need compile what another one has.
export PYTHONDONTWRITEBYTECODE :=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo test static check bench docs install clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/runtime ## a tour with invented creators, under 20 s, no key and no network needed
	@$(BIN)/clout demo

test: $(VENV)/dev ## the whole test suite, on every core
	@$(BIN)/pytest -q -n auto --dist worksteal

static: $(VENV)/dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .

check: $(VENV)/dev ## format, lint, types, architecture, tests; the tests wait often enough for the others to run beside them
	@$(MAKE) --no-print-directory --jobs 2 static test

bench: $(VENV)/dev ## the promises on speed and memory, as ratios measured side by side
	@$(BIN)/python -m benchmarks

docs: $(VENV)/dev ## write the generated pages of docs/ anew
	@$(BIN)/python -m docs.generate

install: $(VENV)/runtime ## put `clout` into .venv and print its path
	@echo "$(CURDIR)/$(BIN)/clout"

clean: ## remove the virtual environment and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Clout needs Python 3.11 or newer; choose one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: $(BIN)/python pyproject.toml constraints.txt
	@$(PIP) -e .
	@touch $@

$(VENV)/dev: $(BIN)/python pyproject.toml constraints.txt
	@$(PIP) -e '.[dev]'
	@touch $(VENV)/runtime $@
