# What a newcomer needs: `make demo` and `make test`. Both install what they use, into .venv/.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(INSTALLED) ## Make .venv/ with everything, from the lock file and its hashes

$(INSTALLED): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed. Name it: make install PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: demo
demo: install ## Try it: the real bot and workers between a pretend Slack and a pretend AWS
	$(BIN)/python -m tests.sandbox.demo

.PHONY: test
test: check ## Everything that must hold: lint, types, import directions, tests
	$(BIN)/python -m pytest -n 4 --dist loadfile

.PHONY: check
check: install ## Lint, types and import directions only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Job control gives each of the two a process group of its own, so that Ctrl-C reaches only this shell. The bot
# goes first: the workers run the embedded Redis, and it must outlast whoever uses it.
.PHONY: run
run: SHELL := bash
run: install ## Run the bot and the workers against the real Slack and AWS of .env (Ctrl-C stops both)
	@set -m; \
	$(BIN)/python -m workers work & workers=$$!; \
	sleep 1; \
	kill -0 $$workers 2>/dev/null || { wait $$workers; exit 2; }; \
	$(BIN)/python -m bot & bot=$$!; \
	trap 'kill $$bot 2>/dev/null; wait $$bot; kill $$workers 2>/dev/null; wait $$workers' EXIT; \
	trap 'exit 0' INT TERM; \
	wait -n

.PHONY: bench
bench: install ## Measure how soon a confirmed user stands in the Deny policy
	$(BIN)/python -m tests.bench

.PHONY: lock
lock: ## Write the lock files anew from pyproject.toml (needs uv)
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock

.PHONY: image-check
image-check: ## Lint the Dockerfile, and try its steps in an empty directory (builds no image)
	PYTHON=$(PYTHON) .ci/image-check
