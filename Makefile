# What a newcomer needs: `make demo` and `make test`. Both install what they use, into .venv/.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
BROWSER := .venv/.installed-browser
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
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: demo
demo: install ## Try it in a browser: a small Slack beside AWS, and the real bot and workers between them
	$(BIN)/python -m tests.sandbox.playground

.PHONY: demo-text
demo-text: install ## The same story told in the terminal, by itself
	$(BIN)/python -m tests.sandbox.demo

.PHONY: test
test: check ## Everything that must hold: lint, types, import directions, tests
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

$(BROWSER): $(INSTALLED) requirements-browser.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-browser.lock
	@touch $@

.PHONY: test-browser
test-browser: $(BROWSER) ## Play the demo's page in Chromium, as a visitor would (needs `chromium` on this machine)
	$(BIN)/python -m pytest tests/browser

.PHONY: screenshots
screenshots: $(BROWSER) ## Take the pictures of docs/screenshots/ anew
	$(BIN)/python -m tests.browser.screenshots

.PHONY: check
check: install ## Lint, types, import directions and the AWS templates only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint deploy/aws/*.yaml

# What gives the workers their AWS credentials is taken from the bot, which does not start with any in reach. On one
# machine, as one user, this guards against mistakes only: whoever breaks into the bot can read the workers' files.
WITHOUT_AWS := env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_SESSION_TOKEN -u AWS_SECURITY_TOKEN \
	-u AWS_WEB_IDENTITY_TOKEN_FILE -u AWS_CONTAINER_CREDENTIALS_RELATIVE_URI \
	-u AWS_CONTAINER_CREDENTIALS_FULL_URI -u AWS_CREDENTIAL_FILE -u AWS_BEARER_TOKEN_BEDROCK -u REVOKE_SCIM_TOKEN \
	AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_CONFIG_FILE=/dev/null BOTO_CONFIG=/dev/null \
	AWS_EC2_METADATA_DISABLED=true

# Job control gives each of the two a process group of its own, so that Ctrl-C reaches only this shell. The bot
# goes first: the workers run the embedded Redis, and it must outlast whoever uses it.
.PHONY: run
run: SHELL := bash
run: install ## Run the bot and the workers against the real Slack and AWS of .env (Ctrl-C stops both)
	@set -m; \
	$(BIN)/python -m workers work & workers=$$!; \
	sleep 1; \
	kill -0 $$workers 2>/dev/null || { wait $$workers; exit 2; }; \
	$(WITHOUT_AWS) $(BIN)/python -m bot & bot=$$!; \
	trap 'kill $$bot 2>/dev/null; wait $$bot; kill $$workers 2>/dev/null; wait $$workers' EXIT; \
	trap 'exit 0' INT TERM; \
	wait -n

.PHONY: bench
bench: install ## Measure how soon a confirmed user stands in the Deny policy
	$(BIN)/python -m tests.bench

.PHONY: security
security: install ## The security figures in full: hostile requests, texts, policies, logs (takes minutes)
	$(BIN)/python -m tests.security

AUDIT := build/pip-audit
.PHONY: vulnerabilities
vulnerabilities: $(AUDIT)/.installed ## Known vulnerabilities of every locked package (asks PyPI; SERVICE=osv asks OSV)
	$(AUDIT)/bin/python .ci/vulnerabilities.py $(AUDIT)/bin/pip-audit $(or $(SERVICE),pypi) requirements*.lock

$(AUDIT)/.installed: requirements-audit.lock
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.lock
	@touch $@

.PHONY: lock
lock: ## Write the lock files anew from pyproject.toml (needs uv)
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) --group browser -c requirements-dev.lock -o requirements-browser.lock
	$(COMPILE) --group audit -o requirements-audit.lock

.PHONY: image-check
image-check: ## Lint the Dockerfile, and try its steps in an empty directory (builds no image)
	PYTHON=$(PYTHON) .ci/image-check
