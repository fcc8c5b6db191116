# What can be done here. Every target finds or makes what it needs first (.ci/bootstrap), on a bare machine too.
.DEFAULT_GOAL := help
.PHONY: help demo sandbox check test test-real crash coverage mutants chaos fuzz bench site audit sbom package format schema requirements lock clean
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Processes of `make test`; 0: everything in one, as a debugger likes it.
WORKERS ?= 2

# A run starts a hundred Pythons: each would compile every library anew where somebody's environment forbids byte code.
unexport PYTHONDONTWRITEBYTECODE

# Nothing that these targets start tells anybody that it ran.
export AZURE_CORE_COLLECT_TELEMETRY := no
export DO_NOT_TRACK := 1

help: ## What can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  .venv/bin/python -m rotation --help   the command line'
	@echo '  .ci/run                               what CI runs: check, test, test-real'

demo: ## See it work: a whole Azure on this machine, and forty days of rotations (ARGS=--exit to stop at the end)
	@.ci/bootstrap sandbox
	@$(BIN)/python -m sandbox.demo $(ARGS)

sandbox: ## A whole Azure on this machine, until Ctrl-C; its addresses are in sandbox/.run/env
	@.ci/bootstrap sandbox
	@$(BIN)/python -m sandbox.run $(ARGS)

check: ## Format, lint, types, import contracts, requirements.txt and rotation.schema.json (1 minute)
	@.ci/bootstrap check
	@.ci/check

test: ## All tests that need nothing but Python and Node (7 minutes)
	@.ci/bootstrap sandbox
	@$(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS); ended=$$?; .ci/left-out; exit $$ended

test-real: ## Programs of others against the sandbox: Azure CLI, checkov, Chromium, API descriptions (9 minutes)
	@.ci/bootstrap real
	@ROTATION_CHROMIUM=$$(.ci/bootstrap chromium) CHECKOV=.tools/checkov/bin/checkov \
		$(PYTEST) tests/real tests/infra -m real -n $(WORKERS) --dist loadfile $(ARGS)

crash: ## Every crash at every step and hundreds of interleavings; `make test` runs a part of it
	@.ci/bootstrap env
	@ROTATION_CRASH=all ROTATION_EXAMPLES=200 $(PYTEST) tests/crash tests/stateful $(ARGS)

# What runs in memory; `stateful` is left out, because nothing should count as tested that chance alone reaches.
IN_MEMORY := tests/unit/domain tests/unit/ledger tests/unit/workflows tests/unit/cli tests/unit/web tests/unit/triggers \
	tests/contract/test_fakes.py tests/crash tests/versions

coverage: ## Every branch of rotation/domain and rotation/workflows is taken by a test in memory, or this fails
	@.ci/bootstrap env
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest $(IN_MEMORY) -n $(WORKERS) -m "not sandbox" -q $(ARGS)
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

mutants: ## Change the decisions in a thousand ways and count which no test notices (ARGS="'rotation.domain.line*'" for some; all: a night)
	@.ci/bootstrap mutants
	@nice .tools/mutants/bin/mutmut run --max-children $(WORKERS) $(ARGS)
	@.tools/mutants/bin/mutmut results

chaos: ## Two hosts over the sandbox, killed while all around them fails (ARGS="--runs 10 --seed 1 --report FILE")
	@.ci/bootstrap sandbox
	@$(BIN)/python -m sandbox.chaos $(ARGS)

fuzz: ## Give every reader of what others write thousands of inputs (ARGS="--inputs 20000 --only yaml"; 10 minutes)
	@.ci/bootstrap env
	@$(BIN)/python -m tests.fuzz $(ARGS)

bench: ## What it costs, as ratios: scan, memory, storage, start, rotations (ARGS="--quick --report FILE"; 15 minutes)
	@.ci/bootstrap sandbox
	@$(BIN)/python -m tests.bench $(ARGS)

site: ## The documentation as a site in .tools/site; a warning fails
	@.ci/bootstrap docs
	@NO_MKDOCS_2_WARNING=1 .tools/docs/bin/python -m mkdocs build --quiet --clean

audit: ## Known vulnerabilities of what we depend on, and what zizmor says of the workflows (asks the network)
	@.ci/bootstrap audit
	@.ci/audit

sbom: ## Write sbom.cdx.json and docs/licences.md again, from requirements.txt
	@.ci/bootstrap env
	@.ci/bootstrap audit
	@.ci/sbom

package: ## The zip that Azure takes as it is, the same bytes each time; its size and largest parts
	@.ci/bootstrap env
	@.ci/package

format: ## Put the code into shape
	@.ci/bootstrap env
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

schema: ## Write rotation.schema.json again, from the code
	@.ci/bootstrap env
	@$(BIN)/python -m rotation config schema > rotation.schema.json.new
	@mv rotation.schema.json.new rotation.schema.json

requirements: ## Write requirements.txt, which Azure installs from, again from uv.lock
	@.ci/bootstrap env
	@.ci/requirements > requirements.txt.new
	@mv requirements.txt.new requirements.txt

lock: ## Bring uv.lock to pyproject.toml, and requirements.txt to both
	@UV_PYTHON=$$(.ci/bootstrap python) $$(.ci/bootstrap uv) lock
	@$(MAKE) requirements

clean: ## Remove all that these targets made
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache sandbox/node_modules sandbox/.run .coverage mutants
