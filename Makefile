# Each target first sets up what it needs (Debian packages, .venv/, sources): see scripts/setup.
# Once everything is there nothing is fetched and the network is not used.

PYTHON := .venv/bin/python
JOBS ?= 2

.PHONY: help setup demo test lint clean

help:
	@echo "make demo   recordings -> model -> firmware -> emulated Pico -> alerts"
	@echo "make test   lint, types and the whole test suite"
	@echo "make setup  only what the two need: packages, .venv/, sources"
	@echo "make lint   ruff and mypy"
	@echo "make clean  what was built; keeps .venv/ and the cache of sources"

setup:
	@scripts/setup

demo: setup
	@$(PYTHON) -m midge.demo

lint: setup
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

# Tests of one file stay in one process (loadfile): they share what their fixtures build.
test: lint
	$(PYTHON) -m pytest -n $(JOBS) --dist loadfile --durations=15

clean:
	rm -rf build dist host/*.egg-info examples/*/build .mypy_cache .pytest_cache .ruff_cache
