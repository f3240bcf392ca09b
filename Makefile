# Everything a newcomer needs. Each target works on a fresh clone with Python 3.11, git and make.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
export DIAL2DEAL_HOME ?= $(CURDIR)/data
# dagster and dbt look for their own programs on PATH.
export PATH := $(CURDIR)/$(BIN):$(PATH)
REAL_DATA := $(wildcard ../shared/data)
export DIAL2DEAL_REAL_DATA ?= $(if $(REAL_DATA),$(abspath $(REAL_DATA)))
DEMO_DAYS ?= 120
DEMO_CALLS ?= 1500
export FUZZ_FILES ?= 100000
export FUZZ_SEED ?= 1

.PHONY: help demo test test-fast test-crash dev bench fuzz lint generate docs clean env env-dev

help:
	@echo "make demo        environment, demo exports, full build, reports (about two minutes)"
	@echo "make test        environment, the whole test suite"
	@echo "make dev         Dagster UI with sensors and schedules on http://localhost:3000"
	@echo "make bench       benchmarks; BENCH_ARGS=--quick for a small run"
	@echo "make fuzz        damaged exports through the loader; FUZZ_FILES=1000 FUZZ_SEED=1 for a small run"
	@echo "make test-crash  the long crash suite: kill -9 at twenty random points"
	@echo "make lint        style and structure checks only"
	@echo "make generate    rewrite what follows from feeds/: dbt sources, staging models, macros; then docs"
	@echo "make docs        regenerate docs/reference from the models and metrics"

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "Python 3.11 is needed; found $$($(PYTHON) --version 2>&1). Install it or call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing. Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/uv
	@echo "Installing the environment into $(VENV) ..."
	@# Byte code now: where none is kept, each start of dial2deal would compile its libraries anew, 15 CPU seconds.
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m compileall -q dial2deal orchestration
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

env: $(VENV)/.runtime
env-dev: $(VENV)/.dev

demo: env
	@$(BIN)/dial2deal demo --days $(DEMO_DAYS) --calls-per-day $(DEMO_CALLS)

dev: env
	@$(BIN)/dial2deal dev

test: env-dev
	@$(BIN)/python -m tests.system_packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -m "not slow" $(PYTEST_ARGS)

test-crash: env-dev
	@$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

lint: env-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/structure

bench: env-dev
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

fuzz: env-dev
	@$(BIN)/python -m fuzz $(FUZZ_ARGS)

generate: env
	@$(BIN)/python -m dial2deal.feeds.generate
	@$(MAKE) --no-print-directory docs

docs: env
	@$(BIN)/python docs/generate_reference.py

clean:
	@rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache
