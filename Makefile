# The front door. `make serve` and `make test` do everything on a machine that has Python 3.11 or later, and make.

HOST = 127.0.0.1
PORT = 8000
# Servers that `make test` must reach, such as REQUIRE=sqlite,postgresql; those absent otherwise are only reported.
REQUIRE =
# How long, and on which storages, `make fuzz` looks for differences between them; the measurements go by the latter too.
MINUTES = 10
STORAGES = all
# AUDIT=required: `make check` and `make audit` fail where no advisories could be read, as without a network.
AUDIT =
# More options for pytest, such as TESTFLAGS="-k orders".
TESTFLAGS =
# Where conformance runs leave their reports.
REPORTS = .reports
# How often `make bench` measures the storages, and the seconds of each run.
ROUNDS = 5
SECONDS = 5
# The Python to build .venv with; empty for the first one found.
PYTHON =

PYTHONS = $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3)
USABLE = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PIP = .venv/bin/python -m pip -qq --disable-pip-version-check
STAMP = .venv/.installed

.PHONY: serve test matrix example check audit fuzz format lock clean bench growth

serve: $(STAMP)
	.venv/bin/stockroom serve --host $(HOST) --port $(PORT)

test: $(STAMP)
	.venv/bin/pytest -n auto $(if $(REQUIRE),--require $(REQUIRE)) $(TESTFLAGS)

# Proves our backends and the example, each by the conformance suite, and writes what came of it.
matrix: $(STAMP)
	mkdir -p $(REPORTS)
	.venv/bin/pytest -n auto conformance/suite --require $(REQUIRE) --conformance-report=$(REPORTS)/ours.json
	$(MAKE) example
	.venv/bin/python -m conformance.matrix $(REPORTS)/ours.json $(REPORTS)/example.json

# The example backend proves itself: from built wheels in a stranger's repository, and in its own folder.
example: $(STAMP)
	mkdir -p $(REPORTS)
	.venv/bin/pytest -q examples/test_outsider.py --storage mongomock
	cd examples/memory && ../../.venv/bin/pytest -q -n auto --pyargs conformance.suite \
		--conformance-report=$(abspath $(REPORTS))/example.json
	cd examples/memory && ../../.venv/bin/pytest -q

# Random conversations with all of STORAGES at once, for so many MINUTES, others each time; see docs/fuzzing.md.
fuzz: $(STAMP)
	.venv/bin/pytest tests/fuzz --minutes $(MINUTES) --storage $(STORAGES) $(TESTFLAGS)

check: $(STAMP)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pip check
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	.venv/bin/pytest --quiet tests/test_project.py
	AUDIT=$(AUDIT) .venv/bin/python .ci/audit.py

# Are vulnerabilities known of what is installed?
audit: $(STAMP)
	AUDIT=$(AUDIT) .venv/bin/python .ci/audit.py

# Ours beside hand-written code and the tutorials' style; writes docs/performance.md. Half an hour for all storages.
bench: $(STAMP)
	.venv/bin/python -m benchmarks.speed --storages $(STORAGES) --rounds $(ROUNDS) --seconds $(SECONDS)

# Each endpoint in shops of up to a million products and orders; writes docs/growth.md.
growth: $(STAMP)
	.venv/bin/python -m benchmarks.growth --storages $(STORAGES)

format: $(STAMP)
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

# Takes up changes of pyproject.toml and leaves every other pin alone; add LOCKFLAGS=--upgrade to raise them all.
lock: $(STAMP)
	$(PIP) install uv
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--all-extras --group dev $(LOCKFLAGS) pyproject.toml --output-file requirements.lock

clean:
	rm -rf .venv dist .reports .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Every file of every package is checked against the hashes in the lock; nothing else is ever downloaded.
$(STAMP): requirements.lock pyproject.toml examples/memory/pyproject.toml
	@found=; for python in $(PYTHONS); do \
		if "$$python" -c "$(USABLE)" 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Stockroom needs Python 3.11 or later with its venv module; none of these is one: $(PYTHONS)." >&2; \
		echo "Install it (Debian, Ubuntu: apt-get install python3 python3-venv), or: make PYTHON=/path/to/python" >&2; \
		exit 1; \
	fi; \
	echo "Installing into .venv with $$("$$found" --version), about a minute ..."; \
	"$$found" -m venv .venv
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable . --editable examples/memory
	@touch $@
