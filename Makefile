# Every target sets up what it needs first; that is quick (< 1 s) when nothing changed.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test check storm study bench lock

SEEDS ?= 200
EACH ?= 200
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# The first Python 3 that really runs: on a machine with pyenv, `python3` may be a shim that does not.
ANY_PYTHON = $(shell for p in python3 /usr/bin/python3 python python3.12; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null && echo $$p && exit; done; echo python3)

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | awk -F'\t' '{printf "make %-8s %s\n", $$1, $$2}'

setup: ## a .venv here with all that running, developing and testing need
	@$(ANY_PYTHON) scripts/bootstrap.py

demo: setup ## the main job on this machine: a market, decisions, paper orders, a report; no account, no key
	.venv/bin/trader demo

test: setup ## all tests
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: setup ## lint, format, types, import contracts, test docstrings, prefect.yaml
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/interrogate tests
	.venv/bin/python -m deployments.blueprint

storm: setup ## many seeded days of faults, crashes and lost replies: make storm SEEDS=1000
	.venv/bin/python -m tests.simulation.storm --seeds $(SEEDS)

study: setup ## damaged and real candles by the thousand through the data checks (recorded candles needed; some 20 minutes)
	.venv/bin/python -m tests.quality.study --each $(EACH) --market "$${TRADER_MARKET_DATA:-../shared/market}"

bench: setup ## what the performance claims are made of
	@test -e benchmarks/__main__.py || { echo "bench: benchmarks/__main__.py does not exist yet"; exit 1; }
	.venv/bin/python -m benchmarks

lock: setup ## pin and hash every dependency again: requirements/*.txt (UPGRADE=--upgrade takes the newest)
	@.venv/bin/python scripts/lock.py $(UPGRADE)
