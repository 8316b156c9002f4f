#!/bin/sh
# Makes sure that there is a Chromium for the tests of pages: the system's, or else one of Playwright's own.
# The argument is the Python that has Playwright. Where neither can be had, those tests are skipped.
set -eu
python=$1

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done
if "$python" -c '
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).exists())
'; then
    exit 0
fi

# Only Debian's own package is a browser; elsewhere "chromium" may be a stub that wants a service to install it.
if [ -e /etc/debian_version ] && ! grep -qi '^ID=ubuntu' /etc/os-release && command -v apt-get >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then
        root=
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        root=sudo
    else
        root=none
    fi
    if [ "$root" != none ]; then
        echo 'Installing Chromium for the tests of pages'
        export DEBIAN_FRONTEND=noninteractive
        if $root apt-get update -qq && $root apt-get install -y -qq --no-install-recommends chromium >/dev/null; then
            exit 0
        fi
    fi
fi

echo 'Fetching Chromium for the tests of pages'
"$python" -m playwright install chromium || echo 'No Chromium could be had; the tests of pages will be skipped' >&2
