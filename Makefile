# `make serve` and `make test` need only Python 3.11 or later, and make.

HOST = 127.0.0.1
PORT = 8000
# Storages that `make test` must reach, such as REQUIRE=sqlite,postgresql; others that are missing are only reported.
REQUIRE =
# Duration and storages of `make fuzz`; `make bench` and `make growth` use STORAGES too.
MINUTES = 10
STORAGES = all
# AUDIT=required: `make check` and `make audit` fail if the advisories could not be read, such as without a network.
AUDIT =
# More options for pytest, such as TESTFLAGS="-k orders".
TESTFLAGS =
# Folder for the reports of conformance runs.
REPORTS = .reports
# Number of rounds of `make bench`, and the seconds of each run.
ROUNDS = 5
SECONDS = 5
# The Python that creates .venv; empty for the first one found.
PYTHON =

PYTHONS = $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3)
USABLE = import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PIP = .venv/bin/python -m pip -qq --disable-pip-version-check
STAMP = .venv/.installed

.PHONY: serve test matrix example check audit fuzz docs format lock clean bench growth

serve: $(STAMP)
	.venv/bin/stockroom serve --host $(HOST) --port $(PORT)

test: $(STAMP)
	.venv/bin/pytest -n auto $(if $(REQUIRE),--require $(REQUIRE)) $(TESTFLAGS)

# Runs the conformance suite on the built-in backends and the example, and writes docs/storage-matrix.md.
matrix: $(STAMP)
	mkdir -p $(REPORTS)
	.venv/bin/pytest -n auto conformance/suite --require $(REQUIRE) --conformance-report=$(REPORTS)/ours.json
	$(MAKE) example
	.venv/bin/python -m conformance.matrix $(REPORTS)/ours.json $(REPORTS)/example.json

# Tests the example backend: from built wheels in a separate repository, and in its own folder.
example: $(STAMP)
	mkdir -p $(REPORTS)
	.venv/bin/pytest -q examples/test_outsider.py --storage mongomock
	cd examples/memory && ../../.venv/bin/pytest -q -n auto --pyargs conformance.suite \
		--conformance-report=$(abspath $(REPORTS))/example.json
	cd examples/memory && ../../.venv/bin/pytest -q

# Sends random requests to all STORAGES at once for MINUTES, different ones in each run: docs/fuzzing.md.
fuzz: $(STAMP)
	.venv/bin/pytest tests/fuzz --minutes $(MINUTES) --storage $(STORAGES) $(TESTFLAGS)

check: $(STAMP)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python .ci/words.py
	.venv/bin/python -m pip check
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	.venv/bin/pytest --quiet tests/test_project.py
	AUDIT=$(AUDIT) .venv/bin/python .ci/audit.py

# Looks up known vulnerabilities of the pinned versions.
audit: $(STAMP)
	AUDIT=$(AUDIT) .venv/bin/python .ci/audit.py

# Compares Stockroom with raw driver code and tutorial code; writes docs/measurements/performance.md. Takes half an hour.
bench: $(STAMP)
	.venv/bin/python -m benchmarks.speed --storages $(STORAGES) --rounds $(ROUNDS) --seconds $(SECONDS)

# Measures each endpoint with up to a million products and orders; writes docs/measurements/growth.md.
growth: $(STAMP)
	.venv/bin/python -m benchmarks.growth --storages $(STORAGES)

# Writes the generated parts of docs/ and .env.example.
docs: $(STAMP)
	.venv/bin/python .ci/docs.py

format: $(STAMP)
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

# Applies changes of pyproject.toml and keeps every other pin; LOCKFLAGS=--upgrade raises all of them.
lock: $(STAMP)
	$(PIP) install uv
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--all-extras --group dev $(LOCKFLAGS) pyproject.toml --output-file requirements.lock

clean:
	rm -rf .venv dist .reports .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each downloaded file is checked against its hash in the lock file; nothing else is downloaded.
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
