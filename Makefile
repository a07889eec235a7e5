# TekUp's command words. Each does its own set-up: a .venv with locked, hash-checked dependencies.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := 1
# a pipe fails with its first command
SHELL := bash
.SHELLFLAGS := -o pipefail -c

.DEFAULT_GOAL := help
.PHONY: help run serve test check bench docs lock clean browser fmt

help: ## show this help
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/uv: requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "TekUp needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..."; exit 1; }
	@echo "set-up: virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.run: $(BIN)/uv requirements/run.txt pyproject.toml
	@echo "set-up: installing locked dependencies"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/run.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "set-up: installing locked development dependencies"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.spark: $(VENV)/.dev requirements/spark.txt
	@echo "set-up: installing Spark and its Java for the tests of the Spark engine"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/spark.txt
	@touch $@

run: $(VENV)/.run ## set up, pull, build, train, score, attribute, check; ends with a summary
	@$(BIN)/tekup run $(ARGS)

serve: $(VENV)/.run ## Dagster UI, API, dashboards and sandbox until Ctrl-C
	@exec $(BIN)/tekup serve $(ARGS)

test: $(VENV)/.dev $(VENV)/.spark browser ## all tests; ARGS="-m 'not slow'" leaves the slow ones away
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -q $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contracts, SQL, dbt parse, lock files
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar --nocolor dbt/models | tail -n 20
	@$(BIN)/python -c "from pipelines.resources.dbt_project import ensure_manifest; ensure_manifest()"
	@$(BIN)/python requirements/check.py
	@echo "check: clean"

$(VENV)/.bench: $(VENV)/.dev requirements/bench.txt
	@echo "set-up: installing the peers that benchmarks run"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/bench.txt
	@touch $@

bench: $(VENV)/.bench ## side-by-side measurements with ratios
	@for folder in benchmarks/*/; do name=$$(basename $$folder); echo "== $$name"; $(BIN)/python -m benchmarks.$$name.run $(ARGS) || exit 1; done

docs: $(VENV)/.dev ## write the generated pages and dbt's own docs
	@$(BIN)/tekup settings --markdown > docs/settings.md
	@echo "docs: docs/settings.md"
	@$(BIN)/python -m tekup.contracts > docs/data/asyncapi.json
	@echo "docs: docs/data/asyncapi.json"
	@$(BIN)/python -m pipelines.catalogue

lock: $(BIN)/uv ## resolve the dependencies anew
	@$(BIN)/python requirements/check.py --write

fmt: $(VENV)/.dev ## format the code
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .

browser:
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    echo "set-up: installing chromium for the browser tests"; \
	    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null 2>&1 || echo "chromium could not be installed: the browser tests need it (apt-get install chromium)"; \
	  else echo "chromium is missing: the browser tests need it (apt-get install chromium)"; fi; }

clean: ## remove the virtual environment and caches; the state in .tekup stays
	@rm -rf $(VENV) dbt/target dbt/logs .mypy_cache .ruff_cache .pytest_cache
