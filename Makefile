# The commands of everyday work; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: help run demo test test-postgres test-all check format lock
help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

# The stamp is remade when the lock changes, so a pull is followed by the right packages.
$(VENV)/.installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) -V)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "The venv module is missing. Install it, as root: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --use-pep517 --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed tests/requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r tests/requirements.lock
	@touch $@

run: $(VENV)/.installed ## the demo bureau, served on loopback
	$(BIN)/wenzheng demo

demo: $(VENV)/.installed ## the demo bureau once, printed, not served
	$(BIN)/wenzheng demo --once

test: $(VENV)/.installed-test ## all but the slow tests
	$(BIN)/pytest -n $(WORKERS) -m "not slow"

test-postgres: $(VENV)/.installed-test ## the same on a throw-away PostgreSQL
	WENZHENG_TEST_POSTGRES=1 $(BIN)/pytest -n $(WORKERS) -m "not slow"

test-all: $(VENV)/.installed-test ## every test
	$(BIN)/pytest -n $(WORKERS)

check: $(VENV)/.installed-test ## ruff and mypy, as in CI
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-test ## lay the code out as CI wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"
lock: $(VENV)/.installed-test ## refresh both locks: newest allowed versions, hashes for x86_64 and aarch64
	$(COMPILE) --upgrade --extra build -o requirements.lock pyproject.toml
	$(COMPILE) --upgrade --extra build --extra test -c requirements.lock -o tests/requirements.lock pyproject.toml
