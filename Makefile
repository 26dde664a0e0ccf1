# One target per thing a person wants to do. Each installs what it needs into a virtual environment, once, and again
# when the pins change. It takes python3 (3.11 to 3.14), make and a package registry.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
BRIDGE := $(VENV)/.bridge-installed
TOOLS  := $(VENV)/.tools-installed
# The pins are a closed set, so nothing is resolved: what is installed depends on neither the index nor pip's version.
# Any pip from 23.0 on can install them. A pinned pip goes first because the old ones take twice as long.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile
PIP_CHECK   := $(BIN)/python -m pip check --disable-pip-version-check
UV_COMPILE  := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-strip-extras \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate
# Most tests wait for something real, so ten of them keep two cores busy.
WORKERS ?= 10

.DEFAULT_GOAL := help
.PHONY: help playground pictures demo run web check chat test soak bench bench-scale bench-pacing lint types format pins clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BRIDGE): requirements-pip.txt requirements-embedded.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 14) else "Python 3.11 to 3.14 is needed: set PYTHON=python3.11")'
	@echo "Installing the bridge into $(VENV) (once)..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP_INSTALL) --require-hashes -r requirements-pip.txt
	@$(PIP_INSTALL) --require-hashes -r requirements-embedded.txt
	@$(PIP_INSTALL) --no-build-isolation -e .
	@$(PIP_CHECK) >$(VENV)/check.log || { cat $(VENV)/check.log; exit 1; }
	@touch $@

$(TOOLS): $(BRIDGE) requirements-dev.txt
	@echo "Installing the tools for tests, lint and types into $(VENV) (once)..."
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.txt
	@$(PIP_CHECK) >$(VENV)/check.log || { cat $(VENV)/check.log; exit 1; }
	@touch $@

playground: $(BRIDGE) ## See, touch and break the whole bridge on one local page (ARGS=--tour plays by itself)
	@$(BIN)/talkifai-sandbox playground $(ARGS)

demo: $(BRIDGE) ## Watch the whole bridge work: no account, no server (ARGS=--interactive to type yourself)
	@$(BIN)/talkifai-sandbox demo $(ARGS)

run: $(BRIDGE) ## Start the worker with the settings from the environment or .env
	@$(BIN)/talkifai-bridge run

web: $(BRIDGE) ## The same with a web server: for webhooks, and GET /health
	@$(BIN)/talkifai-bridge web

check: $(BRIDGE) ## Try every setting at its service, and say what to fix
	@$(BIN)/talkifai-bridge check

chat: $(BRIDGE) ## Talk to the agent in this terminal (ARGS=--sandbox without an account)
	@$(if $(filter --sandbox,$(ARGS)),$(BIN)/talkifai-sandbox chat,$(BIN)/talkifai-bridge chat $(ARGS))

test: $(TOOLS) ## Run all tests (ARGS='-k name' for some)
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

pictures: $(TOOLS) ## Take the pictures of README and docs; needs Chromium
	@$(BIN)/python -m sandbox.playground.tour.pictures $(ARGS)
	@$(BIN)/python -m sandbox.playground.tour.features

soak: $(TOOLS) ## Ten minutes of random faults on three workers, and the count (ARGS="--minutes 1")
	@$(BIN)/python -m bench.soak $(ARGS)

bench: $(TOOLS) ## The bridge beside a plain bot and the least a bot can do (ARGS=--smoke for a few conversations)
	@$(BIN)/python -m bench.compare $(ARGS)

bench-scale: $(TOOLS) ## A million open sessions and 100,000 questions in Redis (ARGS="--sessions 10000 --questions 2000")
	@$(BIN)/python -m bench.scale $(ARGS)

bench-pacing: $(TOOLS) ## How fresh replies stay under the services' limits, on a virtual clock (ARGS="--rounds 1")
	@$(BIN)/python -m bench.pacing $(ARGS)

lint: $(TOOLS) ## Check style and the walls between the packages
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(TOOLS) ## Check types, strictly
	@$(BIN)/mypy

format: $(TOOLS) ## Format, and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

pins: $(TOOLS) ## Compile the pinned requirements anew, for every supported Python at once
	@echo pip | $(UV_COMPILE) -o requirements-pip.txt -
	@$(UV_COMPILE) -o requirements.txt pyproject.toml
	@$(UV_COMPILE) -c requirements.txt --extra embedded -o requirements-embedded.txt pyproject.toml requirements-build.in
	@$(UV_COMPILE) -c requirements.txt --extra otel -o requirements-otel.txt pyproject.toml
	@$(UV_COMPILE) -c requirements-embedded.txt -c requirements-otel.txt --extra embedded --extra otel --extra dev -o requirements-dev.txt \
	  pyproject.toml requirements-build.in

clean: ## Remove the virtual environment and all caches
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage* *.egg-info
