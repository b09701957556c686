#!/usr/bin/env bash
# Installs Chromium for the tests that need a browser, where there is none and the system is Debian or Ubuntu and lets us.
# Never fails: without a browser those tests are skipped, and say so.
set -uo pipefail
for name in chromium chromium-browser google-chrome; do
  command -v "$name" > /dev/null && exit 0
done
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
if command -v apt-get > /dev/null && "${as_root[@]}" true 2> /dev/null \
  && "${as_root[@]}" apt-get update -qq > /dev/null 2>&1 \
  && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk > /dev/null 2>&1; then
  exit 0
fi
echo "no Chromium here and none can be installed (needs Debian or Ubuntu, as root): the browser tests will be skipped"
