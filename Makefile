# `make` alone lists what can be made. PYTHON=… chooses the interpreter (3.10 to 3.12) of the environment.

MAKEFLAGS += --no-print-directory
export PYTHON
BIN := .venv/bin
# Both cores and more: a test worker each, and who has nothing left to do takes from others. Anything for pytest may stand
# here: make quick PYTEST="-k claim -x".
PYTEST ?= -n auto --dist worksteal
COMPILED := .build/.compiled
# Folders count too, so that a removed contract is noticed; Ape's copies of what is imported do not.
SOURCES := $(shell find contracts tests/mocks -name '.*' -prune -o \( -type d -o -name '*.sol' \) -print 2>/dev/null) \
	ape-config.yaml tests/mocks/ape-config.yaml package-lock.json
# Where `make package` puts what it builds.
DIST ?= dist

.PHONY: help demo devnet test quick gas mutate lint format setup build prove analyze audit pictures package lock clean distclean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-10s %s\n", $$1, $$2 }'

demo: build ## set up, and watch the documents' exits on the embedded chain
	@$(BIN)/ape run demo

# Options for it stand in DEVNET: make devnet DEVNET="--fresh --port 8600".
devnet: build ## set up, then keep a local chain up on which everything is deployed
	@$(BIN)/ape run devnet $(DEVNET)

# What all tests reach of contracts/, and what transactions cost beside snapshots/gas.json; not where some are chosen.
INSTRUMENTS := $(if $(filter file,$(origin PYTEST)),--sol-coverage --sol-coverage-min 99 --gas-check)
test: build ## set up, run every test, and say what they reach and cost
	@$(BIN)/pytest $(INSTRUMENTS) $(PYTEST)

gas: build ## write down what transactions of the contracts' tests cost, when that is meant to change
	@$(BIN)/pytest tests/contracts --gas-snapshot $(PYTEST)

quick: build ## the same without the slow tests
	@$(BIN)/pytest -m "not slow" $(PYTEST)

# What it takes stands in MUTATE: make mutate MUTATE="--all", or --contract FirstFit, --seed 7, --json FILE.
mutate: build .venv/mutation/.made ## put small faults into the contracts, and see that each is found
	@$(BIN)/python -m tools.mutation $(MUTATE)

# One package and nothing that it depends on, beside the environment and not in it.
.venv/mutation/.made: requirements-mutation.lock | setup
	@rm -rf $(@D)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
		--target $(@D) -r requirements-mutation.lock
	@touch $@

lint: setup ## style, format and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

format: setup ## put the Python files into the form that lint wants
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

# Any Python 3.8 or newer can run set-up, which then looks for the right one. A command of this name may exist
# and not run (pyenv's), so each is tried.
setup: ## Python environment, npm packages, compiler, local chain: what is missing of them
	@for python in $(PYTHON) python3 python3.12 python3.11 python3.10; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null && exec "$$python" tools/setup.py; \
	done; \
	echo "set-up: no Python here; install Python 3.10, 3.11 or 3.12, or name it: PYTHON=/path/to/python3.11" >&2; exit 1

# Once, before test workers start and each of them compiles everything.
build: $(COMPILED) ## compile the contracts

# Ape keeps a copy of OpenZeppelin by path, not by version, so that is renewed; and it compiles a changed file anew
# but not those that import it, so all are.
$(COMPILED): $(SOURCES) | setup
	@echo "build: contracts …"
	@$(BIN)/ape pm install --force --verbosity WARNING
	@$(BIN)/ape compile --force --verbosity WARNING
	@cd tests/mocks && $(CURDIR)/$(BIN)/ape compile --force --verbosity WARNING
	@mkdir -p $(@D) && touch $@

# halmos and Slither have pins of their own, so they live in an environment of their own, made when it is first needed.
AUDIT := .venv/audit
$(AUDIT)/.made: requirements-audit.lock | setup
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "audit: halmos needs Python 3.11 or 3.12; choose one: PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "set-up: halmos and Slither (a minute or two) …"
	@rm -rf $(AUDIT) && $(BIN)/python -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--only-binary :all: -r requirements-audit.lock
	@touch $@

# Anything for the runner stands in PROVE: make prove PROVE="--only device/withdraw --json proofs.json".
prove: $(AUDIT)/.made ## prove what is said of the contracts, over their bytecode
	@$(BIN)/python tools/prove.py $(PROVE)

analyze: $(AUDIT)/.made ## look for known mistakes in the contracts with Slither and forge's linter
	@$(BIN)/python tools/analyze.py $(ANALYZE)

# Proofs, static analysis, what attackers try, malformed input, mutants; half an hour on two cores.
audit: build $(AUDIT)/.made .venv/mutation/.made ## all that speaks for or against the contracts, in one table
	@$(BIN)/python tools/audit.py $(AUDITED)

pictures: build ## draw the documentation's pictures anew, from scenario runs
	@$(BIN)/python tools/pictures.py

package: build ## build the Python package, with the compiled contracts in it, into dist/
	@$(BIN)/python tools/manifest.py
	@$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir $(DIST) .
	@ls $(DIST)/unbond-*.whl

# uv is needed here only, so it is not among what everybody installs.
LOCK := .venv/uv/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --custom-compile-command "make lock"
lock: ## renew the locks (add LOCK_FLAGS=--upgrade for newer versions)
	@test -x $(BIN)/python || { echo "lock: run make setup first" >&2; exit 1; }
	@test -x .venv/uv/bin/uv || $(BIN)/pip install --quiet --target .venv/uv uv==0.13.8
	@$(LOCK) $(LOCK_FLAGS) requirements.in -o requirements.lock
	@$(LOCK) $(LOCK_FLAGS) requirements-node.in -o requirements-node.lock
	@$(subst 3.10,3.11,$(LOCK)) $(LOCK_FLAGS) requirements-audit.in -o requirements-audit.lock
	@$(LOCK) --no-deps $(LOCK_FLAGS) requirements-mutation.in -o requirements-mutation.lock
	@npm install --package-lock-only

clean: ## remove what was compiled and cached
	@rm -rf .build contracts/.cache .hypothesis .pytest_cache .mypy_cache .ruff_cache
	@find . \( -name .venv -o -name node_modules -o -name .git \) -prune -o -name __pycache__ -exec rm -rf {} +

distclean: clean ## remove the environment and the npm packages as well
	@rm -rf .venv node_modules
