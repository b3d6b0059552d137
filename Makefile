# The commands that developers and CI use. `make demo` and `make test` set up all they need themselves.
PYTHON := .venv/bin/python
PYTEST := .venv/bin/pytest

.PHONY: matrix demo addon test test-quick test-real check lint format lock screenshots addon-screenshots bench-farm bench-dashboard bench-addon bench-freeze clean

demo:
	@scripts/setup demo
	@$(PYTHON) scripts/demo.py

# The packages of the Blender add-on, in dist/ and where the server offers them for download.
addon:
	@scripts/setup demo
	@$(PYTHON) blender_addon/build.py --to dist --to backend/server/flamenco_server/addon

test: test-quick test-real

test-quick:
	@scripts/setup test
	$(PYTEST) -m "not real"

test-real:
	@scripts/setup test
	$(PYTEST) -m real

check:
	@scripts/setup check
	$(PYTEST) -m "not real and not slow" -x -n 2
	@$(MAKE) --no-print-directory lint

lint:
	@scripts/setup check
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/mypy --config-file blender_addon/mypy.ini
	.venv/bin/lint-imports

format:
	@scripts/setup check
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

lock:
	@scripts/lock

matrix:
	@scripts/setup test
	@$(PYTHON) tests/e2e/addon/matrix.py --to docs/same-picture.md

screenshots:
	@scripts/setup test
	@$(PYTHON) tests/dashboard/screenshots.py

addon-screenshots:
	@scripts/setup test
	FLAMENCO_SCREENSHOTS=docs/images $(PYTEST) tests/e2e/addon/test_gui.py

bench-dashboard:
	@scripts/setup test
	@$(PYTHON) tests/benchmarks/dashboard.py

bench-addon:
	@scripts/setup test
	@$(PYTHON) tests/benchmarks/addon.py

bench-freeze:
	@scripts/setup test
	@$(PYTHON) tests/benchmarks/freeze.py

bench-farm:
	@scripts/setup test
	@$(PYTHON) tests/benchmarks/farm.py

clean:
	rm -rf .venv .demo dist build backend/server/flamenco_server/addon .mypy_cache .ruff_cache .pytest_cache
