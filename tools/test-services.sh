#!/usr/bin/env bash
# Runs tests/web on a real MariaDB and Redis. Further arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
exec tools/with-services.sh "${PYTHON:-.venv/bin/python}" -m pytest tests/web "$@"
