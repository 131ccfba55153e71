# Everything starts from nothing: each target sets up .venv first, from the pinned lock files.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := libs/common services/ingress services/embedder services/matcher services/pedulilindungi services/dukcapil services/standalone
STAMP := $(VENV)/.installed
COMMON := libs/common/pyproject.toml
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --excludes requirements/excluded.txt

.PHONY: setup demo serve test check bench lock clean

setup: $(STAMP)

$(STAMP): requirements/build.lock requirements/dev.lock $(PACKAGES:%=%/pyproject.toml)
	@test -n "$(PYTHON)" || { echo "Wajah needs Python 3.11 to 3.14, with its venv module."; exit 1; }
	@test -x $(BIN)/pip || { rm -rf $(VENV); $(PYTHON) -m venv $(VENV); } || \
		{ echo "Python's venv module is missing (Debian: apt install python3-venv)."; exit 1; }
	@echo "Installing pinned packages into $(VENV) (1.2 GB once unpacked; a few minutes the first time) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/build.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-build-isolation -r requirements/dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $(STAMP)

demo: setup
	@$(BIN)/wajah demo

serve: setup
	@$(BIN)/wajah serve

test: setup
	@tests/servers/install
	@$(BIN)/python -m tests.servers.build
	@$(BIN)/pytest

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/python -m tests.load.bench

lock:
	@$(LOCK) requirements/build.in -o requirements/build.lock
	@$(LOCK) --extra cpu $(PACKAGES:%=%/pyproject.toml) requirements/dev.in -o requirements/dev.lock
	@$(LOCK) --extra cpu $(PACKAGES:%=%/pyproject.toml) -o requirements/standalone.lock
	@$(LOCK) $(COMMON) services/ingress/pyproject.toml -o requirements/ingress.lock
	@$(LOCK) --extra cpu $(COMMON) services/embedder/pyproject.toml -o requirements/embedder.lock
	@$(LOCK) --extra cpu $(COMMON) services/matcher/pyproject.toml -o requirements/matcher.lock
	@$(LOCK) $(COMMON) services/pedulilindungi/pyproject.toml -o requirements/pedulilindungi.lock
	@$(LOCK) $(COMMON) services/dukcapil/pyproject.toml -o requirements/dukcapil.lock
	@$(LOCK) --excludes requirements/excluded-gpu.txt --extra gpu $(COMMON) services/embedder/pyproject.toml \
		-o requirements/embedder-gpu.lock
	@$(LOCK) --extra gpu $(COMMON) services/matcher/pyproject.toml -o requirements/matcher-gpu.lock

clean:
	rm -rf $(VENV) var
