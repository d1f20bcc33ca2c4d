# MotionPair: `make demo` and `make test` do all set-up themselves.
PYTHON := .venv/bin/python
OUT ?= out/demo

.PHONY: setup demo test lint bench docs clean

setup:
	@scripts/setup.sh

demo: setup
	@.venv/bin/motionpair demo --out $(OUT)

test: setup
	@$(PYTHON) -m pytest -n 2 --dist loadgroup tests

lint: setup
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy

bench: setup
	@$(PYTHON) -m benchmarks.run

docs: setup
	@$(PYTHON) -m motionpair.schema > docs/schema.md.new && mv docs/schema.md.new docs/schema.md
	@$(PYTHON) -m pipelines.gallery docs
	@.venv/bin/motionpair preferences --recipe preferences-demo --out out/preferences
	@$(PYTHON) -m pipelines.gallery docs --preferences out/preferences

clean:
	rm -rf build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
