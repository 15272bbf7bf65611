# Sourced by .ci/run: a throw-away PostgreSQL on a free port of 127.0.0.1, told by TEST_DATABASE_URL, gone at exit.
# Installs Debian's package when the server is missing (as root). PostgreSQL refuses to run as root, so root hands
# it to the user `postgres`. A password is set, so that refused credentials can be tested too.

postgres_bin() {
  if command -v initdb >/dev/null 2>&1; then
    dirname "$(readlink -f "$(command -v initdb)")"
  else
    ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1
  fi
}

postgres_as() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

postgres_stop() {
  [ -n "${CI_POSTGRES_DIR:-}" ] || return 0
  postgres_as "$CI_POSTGRES_BIN/pg_ctl" -D "$CI_POSTGRES_DIR/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$CI_POSTGRES_DIR"
  CI_POSTGRES_DIR=''
}

postgres_start() {
  if [ -z "$(postgres_bin)" ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null || return 1
  fi
  CI_POSTGRES_BIN=$(postgres_bin)
  CI_POSTGRES_DIR=$(mktemp -d)
  trap postgres_stop EXIT
  local password=throw-away port
  port=$(node -e "const s=require('node:net').createServer();s.listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})")
  echo "$password" >"$CI_POSTGRES_DIR/password"
  if [ "$(id -u)" = 0 ]; then chown -R postgres "$CI_POSTGRES_DIR"; fi
  postgres_as "$CI_POSTGRES_BIN/initdb" -D "$CI_POSTGRES_DIR/data" -U postgres -E UTF8 --no-sync \
    --auth=scram-sha-256 --pwfile="$CI_POSTGRES_DIR/password" >"/dev/null" || return 1
  postgres_as "$CI_POSTGRES_BIN/pg_ctl" -D "$CI_POSTGRES_DIR/data" -w -s -l "$CI_POSTGRES_DIR/log" \
    -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c fsync=off" start || {
    cat "$CI_POSTGRES_DIR/log" >&2
    return 1
  }
  export TEST_DATABASE_URL="postgresql://postgres:$password@127.0.0.1:$port/postgres"
}

postgres_start || {
  echo 'PostgreSQL could not be started' >&2
  exit 1
}
