#!/usr/bin/env bash
# Installs what the tests against real servers need: Debian packages by apt-get
# (as root or with sudo) and influxd, built from source into a cache folder
# that git ignores.
#
# usage: test-deps.sh CACHE_FOLDER INFLUXD_MODULE@VERSION
set -euo pipefail
cache=$1 influxd=$2

packages=(mosquitto mosquitto-clients python3-pymodbus python3-serial python3-serial-asyncio chromium fonts-noto-cjk openssl systemd)
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
echo "test dependencies are in place"
