# Sourced by .ci/run: Debian's Chromium for the browser tests, told by CHROMIUM_PATH. Installed when it is missing (as root).

chromium_install() {
  CHROMIUM_PATH=${CHROMIUM_PATH:-/usr/bin/chromium}
  if [ ! -x "$CHROMIUM_PATH" ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-inter fonts-jetbrains-mono >/dev/null || return 1
  fi
  export CHROMIUM_PATH
}

chromium_install || {
  echo 'Chromium could not be installed' >&2
  exit 1
}
