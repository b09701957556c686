#!/usr/bin/env bash
# with-services.sh COMMAND...: runs it with HEMASCOPE_DATABASE_URL and HEMASCOPE_QUEUE_URL of a real MariaDB and Redis:
# installs them where they are missing (Debian, as root), starts both on loopback in a temporary folder, stops them at the
# end.
set -euo pipefail
python=${PYTHON:-python3}

missing=()
command -v mariadbd > /dev/null || missing+=(mariadb-server)
command -v redis-server > /dev/null || missing+=(redis-server)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

folder=$(mktemp -d)
chmod 755 "$folder"  # the server runs as another user and must pass through
mkdir "$folder/mariadb" "$folder/redis"
free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
database_port=$(free_port)
queue_port=$(free_port)
socket="$folder/mariadb.sock"

stop() {
  mariadb-admin --no-defaults --user=root --socket="$socket" shutdown 2> /dev/null || true
  redis-cli -p "$queue_port" shutdown nosave 2> /dev/null || true
  wait
  rm -rf "$folder"
}
trap stop EXIT

chown mysql "$folder/mariadb" "$folder"
mariadb-install-db --no-defaults --user=mysql --datadir="$folder/mariadb" \
  --auth-root-authentication-method=normal --skip-test-db > /dev/null
mariadbd --no-defaults --user=mysql --datadir="$folder/mariadb" --socket="$socket" --port="$database_port" \
  --bind-address=127.0.0.1 --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci \
  2> "$folder/mariadb.log" &
redis-server --bind 127.0.0.1 --port "$queue_port" --dir "$folder/redis" --save '' --appendonly yes > /dev/null &
for _ in $(seq 100); do
  mariadb-admin --no-defaults --user=root --socket="$socket" ping > /dev/null 2>&1 \
    && redis-cli -p "$queue_port" ping > /dev/null 2>&1 && break
  sleep 0.1
done
password=$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
mariadb --no-defaults --user=root --socket="$socket" \
  -e "CREATE USER hemascope@'127.0.0.1' IDENTIFIED BY '$password'; GRANT ALL ON *.* TO hemascope@'127.0.0.1'"

HEMASCOPE_DATABASE_URL="mysql://hemascope:$password@127.0.0.1:$database_port/hemascope" \
  HEMASCOPE_QUEUE_URL="redis://127.0.0.1:$queue_port/0" \
  "$@"
