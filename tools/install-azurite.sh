#!/bin/sh
# Makes sure that there is an Azurite, the emulator of Azure Blob Storage, for the tests of stores.
# It needs Node.js and npm; what it installs lies in tests/azurite/node_modules.
set -eu
cd "$(dirname "$0")/../tests/azurite"
version=$(sed -n 's/.*"azurite": "\(.*\)".*/\1/p' package.json)
installed=node_modules/azurite/package.json

for program in node npm; do
    if ! command -v "$program" >/dev/null 2>&1; then
        echo "$program is needed for the tests of stores, which run against Azurite; install Node.js 20 or newer" >&2
        exit 1
    fi
done
if [ -x node_modules/.bin/azurite-blob ] && grep -q "\"version\": \"$version\"" "$installed" 2>/dev/null; then
    exit 0
fi

echo "Fetching Azurite $version for the tests of stores"
if ! npm install --no-package-lock --no-audit --no-fund --loglevel=error; then
    echo "Azurite could not be fetched; check the network and npm's registry, then try again" >&2
    exit 1
fi
