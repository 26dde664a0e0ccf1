# One target per thing a person wants to do. Each makes its own virtual environment when that is missing or
# older than the pins; nothing but python3 (3.11 or newer), make and a package registry is needed.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SOURCE := bridge adapters config sandbox tests
# Most tests wait for something real, so four of them keep two cores busy.
WORKERS ?= 4

.DEFAULT_GOAL := help
.PHONY: help demo run chat test soak bench-pacing lint types format pins clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: set PYTHON=python3.11")'
	@echo "Installing into $(VENV) (once)..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## Watch the whole bridge work: no account, no server (ARGS=--interactive to type yourself)
	@$(BIN)/python -m sandbox.demo $(ARGS)

run: $(STAMP) ## Start the worker with the settings from the environment or .env
	@$(BIN)/talkifai-bridge run

chat: $(STAMP) ## Talk to the agent in this terminal (ARGS=--sandbox without an account)
	@$(BIN)/talkifai-bridge chat $(ARGS)

test: $(STAMP) ## Run all tests (ARGS='-k name' for some)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

soak: $(STAMP) ## Ten minutes of random faults on three workers, and the count (ARGS="--minutes 1")
	@$(BIN)/python -m bench.soak $(ARGS)

bench-pacing: $(STAMP) ## How fresh replies stay under the services' limits, on a virtual clock (ARGS="--rounds 1")
	@$(BIN)/python -m bench.pacing $(ARGS)

lint: $(STAMP) ## Check style and the walls between the packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(STAMP) ## Check types, strictly
	@$(BIN)/mypy

format: $(STAMP) ## Format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

pins: $(STAMP) ## Compile the pinned requirements anew
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate -o requirements.txt pyproject.toml
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate -c requirements.txt --extra embedded --extra dev -o requirements-dev.txt pyproject.toml requirements-build.in

clean: ## Remove the virtual environment and all caches
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* *.egg-info
