# make run  SRC=folder OUT=folder   find the duplicates in a folder; with neither: on made-up pictures
# make test                         all checks and all tests
# make lint | docs | clean          checks alone, the pages made from the code, remove what was built

# A Python of 3.11 or newer, unless PYTHON names one.
PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3 python; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CHECKED := src tests tools examples benchmarks training

# Read from the environment by tools/run.sh, untouched by make and shell: spaces, quotes and dollars are safe.
override export SRC := $(value SRC)
override export OUT := $(value OUT)

.PHONY: run test lint docs clean setup browser azurite
.DEFAULT_GOAL := run

setup: $(READY)

# Made again only when the list of dependencies changes.
$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name one with PYTHON=" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

run: $(READY)
	@sh tools/run.sh $(BIN)

browser: $(READY)
	@sh tools/install-chromium.sh $(BIN)/python

azurite:
	@sh tools/install-azurite.sh

lint: $(READY)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports

# Loops are compiled while the code is checked: each takes one processor and more than a minute.
test: browser azurite
	@$(BIN)/python -c 'from imgsieve.runs.warming import warm_up; warm_up()' & $(MAKE) --no-print-directory lint || exit 1; wait
	$(BIN)/python -m pytest

docs: $(READY)
	$(BIN)/python tools/generate_cli_docs.py
	$(BIN)/python tools/generate_api_docs.py

clean:
	rm -rf build dist $(VENV) tests/azurite/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
