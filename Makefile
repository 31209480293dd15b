# The commands of the project. `make run` is the first to try; needs make, git and, for packages, root or sudo.
.POSIX:
.PHONY: run stop test check lint bench leaks clean lock setup setup-dev

PYTHON =
PYTEST_ARGS = -n auto --dist loadfile
PARCELS =

export PYTHON

# Everything from nothing to a running server; Ctrl-C stops it. The second time it starts in seconds.
run: setup
	@exec .venv/bin/python -m server.cli serve --prepare $(PARCELS:%=--parcels %)

stop:
	@.venv/bin/python -m server.cli db stop

test: setup-dev
	@.venv/bin/python -m pytest $(PYTEST_ARGS)

check: lint
	@$(MAKE) --no-print-directory test

lint: setup-dev
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m ruff check .
	@.venv/bin/basedpyright
	@.venv/bin/lint-imports
	@.venv/bin/hadolint docker/Dockerfile
	@.venv/bin/yamllint --strict --config-file docker/.yamllint docker

bench: setup-dev
	@.venv/bin/python -m benchmarks
	@.venv/bin/python -m benchmarks.permissions

# What callers may not see changes no answer: the long run of tests/leaks, about half an hour; its result is kept there.
leaks: setup-dev
	@.venv/bin/python tests/leaks/run.py

# The environment and the caches; what is under var/ stays.
clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage build dist *.egg-info

# Pin the newest versions that pyproject.toml allows, for every supported Python and system.
lock:
	@sh tools/lock.sh

setup:
	@sh tools/setup.sh run

setup-dev:
	@sh tools/setup.sh dev
