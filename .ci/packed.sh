#!/usr/bin/env bash
# Packs the package, installs it into the empty folder $1, and runs the README's embedding example there as ESM, and
# require() as CommonJS; then asks for the page and each of its files.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
tarball=$(cd "$top" && npm pack --silent --pack-destination "$1" | tail -n 1)
cd "$1"
npm init -y >/dev/null
npm install --no-audit --no-fund "./$tarball" >/dev/null
node "$top/.ci/readme-example.mjs" "$top/README.md" >example.mjs
timeout 60 node example.mjs
cat >required.cjs <<'JS'
const { createSupervisor, configFromEnv, SessionError } = require('baileys-session-supervisor')
const { startLoopback } = require('baileys-session-supervisor/loopback')
const { tenantMachine } = require('baileys-session-supervisor/machines')
for (const [name, value] of Object.entries({ createSupervisor, configFromEnv, SessionError, startLoopback })) {
  if (typeof value !== 'function') throw new Error(`${name} is not exported to require()`)
}
if (tenantMachine.id !== 'tenant') throw new Error('the machine is not exported to require()')
console.log('require() works')
JS
node required.cjs
cp "$top/.ci/packed-page.mjs" page.mjs
timeout 60 node page.mjs "$top/src/dashboard/assets"
npx --no-install session-supervisor --version
