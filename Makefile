# Rover: `make run` and `make test` need python3, make, git and the package index; nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
ROVER_DATA_DIR ?= $(CURDIR)/.data
T ?= tests
JOBS ?= 3
COVERAGE_FLOOR ?= 90
SHARE ?= 1
SCRIPTS := tasks/static/rover
ESBUILD := 0.28.2
TERSER := 5.51.2
POSTGRES_URL ?= postgres://postgres@127.0.0.1:5432/test
POSTGRES_TESTS := $(addprefix tests/tasks/agents/test_,idempotency_at_once.py limits.py handoffs.py running.py receipts_and_claims.py) \
	$(addprefix tests/tasks/sessions/test_,one_run_at_a_time.py repetitions.py snapshots_and_telemetry.py steps.py tasks_of_runs.py) \
	$(addprefix tests/tasks/test_,leases.py batch_create.py batch_run.py api_batches.py reading.py) \
	$(addprefix tests/workspace/test_,keys_service.py sites_service.py admission.py access.py claims.py installs.py \
	api_keys.py api_configs.py config_service.py signin_log.py pages_audit.py) \
	$(addprefix tests/roverbook/projecting/test_,rounds.py rebuilding.py sweeping.py late_commits.py)

# a file of tests goes to one process, in the order that tests/conftest.py gives them
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
# without it each server and command that a test starts would compile all of Rover anew
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast test-version test-postgres screenshots embed lint types imports check cov bench lock fmt migrations clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.run: requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/test.txt
	@touch $@

setup: $(VENV)/.test ## create .venv with everything a developer needs
	@git rev-parse --git-dir >/dev/null 2>&1 && $(BIN)/pre-commit install >/dev/null 2>&1 || true

run: $(VENV)/.run ## start everything, fetch a batch from the demo site, stay up until Ctrl-C
	@ROVER_DATA_DIR="$(ROVER_DATA_DIR)" ROVER_PORT="$(PORT)" ROVER_SSRF_LEVEL=loopback exec $(BIN)/rover up --demo

test: $(VENV)/.test ## the whole suite; T=path runs a part
	@$(PYTEST) $(T)

test-postgres: $(VENV)/.test ## tasks, batches, the workspace's services and their HTTP interface on PostgreSQL
	@ROVER_TEST_DATABASE_URL="$(POSTGRES_URL)" $(PYTEST) $(POSTGRES_TESTS)

screenshots: $(VENV)/.test ## a picture of every page, light and dark, wide and phone, in build/screenshots
	@ROVER_SCREENSHOTS="$(CURDIR)/build/screenshots" $(BIN)/python -m pytest -q tests/browser/test_workspace_pages.py

test-fast: $(VENV)/.test ## without real server processes and browsers
	@$(PYTEST) -m "not processes and not browser" $(T)

test-version: $(VENV)/.test ## what may differ from one Python to another: PYTHON=python3.14 VENV=.venv-newest [SHARE=3]
	@$(PYTEST) -m "not once" --share $(SHARE) $(T)

fmt: $(VENV)/.test ## format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

lint: $(VENV)/.test ## style, system checks, missing migrations
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .
	@ROVER_DATA_DIR=$$(mktemp -d) $(BIN)/python manage.py makemigrations --check --dry-run >/dev/null

types: $(VENV)/.test ## mypy, strict
	@ROVER_DATA_DIR=$$(mktemp -d) $(BIN)/mypy .

imports: $(VENV)/.test ## who may import whom
	@$(BIN)/lint-imports

cov: $(VENV)/.test ## the suite with branch coverage, at least COVERAGE_FLOOR percent
	@rm -f .coverage .coverage.*
	@$(PYTEST) --cov --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE_FLOOR) $(T)

check: lint types imports cov ## all of it; what CI runs

embed: $(VENV)/.run ## bundle and minify the scripts for pages; needs npx
	@for name in embed/embed embed/main roverbook/roverbook roverbook/main; do \
		made=$(SCRIPTS)/$$(dirname $$name)/bundled/$$(basename $$name).js && \
		npx --yes esbuild@$(ESBUILD) $(SCRIPTS)/$$name.js --bundle --minify --format=esm --target=es2022 \
			--charset=utf8 --legal-comments=none --log-level=warning --outfile=$$made --allow-overwrite && \
		npx --yes terser@$(TERSER) $$made --module --ecma 2020 --compress passes=3,unsafe_arrows --mangle --output $$made && \
		$(BIN)/python -m tasks.v2.bundle $$made || exit 1; done

bench: $(VENV)/.test .venv-bench/.done ## measure every promise; one JSON line each
	@$(BIN)/python -m benchmarks

.venv-bench/.done: benchmarks/requirements.txt
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r benchmarks/requirements.txt
	@touch $@

lock: ## write the hashed requirements anew (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --extra postgres --extra redis --extra uvicorn --group build -o requirements/run.txt
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --extra postgres --extra redis --extra uvicorn --group build --group dev -c requirements/run.txt -o requirements/test.txt

clean: ## remove the environments and what tests leave
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
