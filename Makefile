# What make makes lies in .venv, caches included, so that `make clean` and `git status` stay simple.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test deps check soak bench completions lock clean
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
APT := apt-get install -y make python3-venv git

# The first Python on PATH that is new enough and can make an environment: a name alone proves neither.
find_python = for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$name" && break; done
PYTHON ?= $(shell $(find_python))

export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/cache/pycache
export RUFF_CACHE_DIR := $(CURDIR)/$(VENV)/cache/ruff
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/ready ## see it work: run, copy, resume on a simulated fleet; ends by itself
	@$(BIN)/aifctl demo

test: check ## everything this machine can run, at most 20 minutes on 2 cores; says what it skipped and why
	@tests/suite.sh test

deps: ## system packages and the lab's base image (root, Debian); quick when all is there
	@tests/deps.sh

check: $(VENV)/ready ## style, types, the floors of the house
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy --cache-dir $(VENV)/cache/mypy
	$(BIN)/lint-imports --cache-dir $(VENV)/cache/import-linter
	$(BIN)/pytest -q -p no:cacheprovider tests/house

soak: $(VENV)/ready ## kill drills, fault matrices, 6,250 nodes; at most 30 minutes
	@tests/suite.sh soak

bench: $(VENV)/ready $(VENV)/peers-ready ## what a node costs, beside the peers; fails at 1.5 times what is promised (root)
	@$(BIN)/python -m tests.bench $(BENCH)

completions: $(VENV)/ready ## write completions/ anew from the command line as it is
	@for shell in bash zsh fish; do $(BIN)/aifctl completion $$shell >$(VENV)/cache/completion && \
		case $$shell in bash) file=aifctl.bash;; zsh) file=_aifctl;; fish) file=aifctl.fish;; esac && \
		mkdir -p completions && cp $(VENV)/cache/completion completions/$$file && echo "completions/$$file"; done

lock: $(VENV)/ready ## resolve pyproject.toml anew into the lock files
	@tests/lock.sh

clean: ## remove what make made
	rm -rf $(VENV) build dist aifctl.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/ready: requirements.lock pyproject.toml
	@if [[ -z "$(PYTHON)" ]]; then \
		echo "aifctl needs Python 3.11 or newer with its venv module, and none is on PATH; on Debian or Ubuntu, as root: $(APT)" >&2; exit 1; fi
	@echo "making the environment in $(VENV) with $(PYTHON)" >&2
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@mkdir -p $(VENV)/cache
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-index --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/peers-ready: tests/bench/peers.lock | $(VENV)/ready
	@$(VENV)/peers/bin/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)/peers
	@$(VENV)/peers/bin/python -m pip install --quiet --require-hashes -r tests/bench/peers.lock || \
		echo "the peers could not be installed; make bench measures those that are there" >&2
	@touch $@
