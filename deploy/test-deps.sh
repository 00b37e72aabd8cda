#!/usr/bin/env bash
# Installs what the tests against real servers, slaves and boards need: Debian
# packages by apt-get (as root or with sudo), influxd and
# toxiproxy built from source, and an arm kernel for the emulated board, all in
# a cache folder that git ignores.
#
# usage: test-deps.sh CACHE_FOLDER INFLUXD_MODULE@VERSION TOXIPROXY_MODULE@VERSION
set -euo pipefail
cache=$1 influxd=$2 toxiproxy=$3

packages=(mosquitto mosquitto-clients python3-pymodbus python3-serial python3-serial-asyncio python3-aiosmtpd gcc libc6-dev libmodbus-dev socat gpsd gpsd-clients chromium fonts-noto-cjk openssl systemd qemu-system-arm xz-utils e2fsprogs strace poppler-utils zbar-tools)
missing=()
for p in "${packages[@]}"; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if ((${#missing[@]})); then
	sudo=
	if [[ $EUID != 0 ]]; then sudo=sudo; fi
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [[ ! -x $cache/influxd ]]; then
	echo "building influxd (two minutes, once)"
	GOBIN=$cache go install "$influxd"
fi
if [[ ! -x $cache/toxiproxy-server ]]; then
	folder=$(mktemp -d) # the module calls its program just "server"
	GOBIN=$folder go install "$toxiproxy"
	mv "$folder/server" "$cache/toxiproxy-server"
	rmdir "$folder"
fi
"$(dirname "$0")/qemu/fetch-kernel.sh" "$(dirname "$cache")/qemu"
echo "test dependencies are in place"
