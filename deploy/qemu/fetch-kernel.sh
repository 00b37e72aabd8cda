#!/usr/bin/env bash
# Gets the newest Debian armmp kernel (6.1, armhf) for make test-qemu and unpacks
# of it what the test boots: kernel, device tree of the SABRE Lite, and modules with
# what they depend on, in the order to load them.
#
# It asks the package sources of this machine with their keys, but as another
# architecture and with lists, cache and status of its own: apt's state here
# stays as it is. A kernel that is there already, with the modules of now, is
# kept; to get a newer one, delete CACHE_FOLDER/kernel.
#
# usage: fetch-kernel.sh CACHE_FOLDER
set -euo pipefail
: "${1:?usage: fetch-kernel.sh CACHE_FOLDER}"
mkdir -p "$1"
cache=$(cd "$1" && pwd)
# The adapter's driver, the device files, and the watchdog, by which this board
# restarts; without it QEMU never ends. For the disk: what switches the plug's
# power on, the USB host with its transceiver, sticks, and their file system.
wanted=(i2c-imx i2c-dev imx2_wdt
	gpio-mxc anatop-regulator phy-mxs-usb ci_hdrc_imx usb-storage sd_mod crc32c_generic ext4)

say() { echo "fetch-kernel: $*"; }
fail() { echo "fetch-kernel: $*" >&2; exit 1; }

if [[ -s $cache/kernel/vmlinuz && -s $cache/kernel/board.dtb && -s $cache/kernel/modules/order &&
	$(cat "$cache/kernel/wanted" 2>/dev/null) == "${wanted[*]}" ]]; then
	say "$(<"$cache/kernel/version") is in $cache/kernel"
	exit 0
fi
for tool in apt-get apt-cache apt-config dpkg-deb xz; do
	command -v "$tool" >/dev/null || fail "$tool is missing: the kernel comes from a Debian package (apt-get install apt dpkg xz-utils)"
done
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# A configuration of our own in place of /etc/apt/apt.conf*: hooks there may
# clean the host's cache. Only how to reach the sources is taken over.
mkdir -p "$work"/{state/lists/partial,cache/archives/partial,unpacked}
: >"$work/status"
cat >"$work/apt.conf" <<CONF
APT::Architecture "armhf";
APT::Architectures "armhf";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$work/state";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
CONF
apt-config dump --format '%F "%v";%n' | grep -E '^Acquire::(https?|ftp)::' >>"$work/apt.conf" || true
export APT_CONFIG=$work/apt.conf

say "reading the armhf package lists"
# One list that cannot be had (a mirror in the middle of its update) need not
# be the one with the kernel.
apt-get update -qq || say "not all lists could be read; going on with the others"
package=$(apt-cache search --names-only '^linux-image-6\.1\.0-[0-9]+-armmp$' | cut -d' ' -f1 | sort -V | tail -n 1)
[[ -n $package ]] || fail "no package linux-image-6.1.0-*-armmp for armhf in this machine's sources: they must hold Debian 12 without a restriction to another architecture"

say "downloading $package"
(cd "$work" && apt-get download -qq "$package")
deb=("$work/$package"_*.deb)
say "unpacking $(basename "${deb[0]}"), $(du -h "${deb[0]}" | cut -f1)"
dpkg-deb --extract "${deb[0]}" "$work/unpacked"

new=$work/kernel
mkdir -p "$new/modules"
cp "$work"/unpacked/boot/vmlinuz-* "$new/vmlinuz"
cp "$work"/unpacked/usr/lib/linux-image-*/imx6q-sabrelite.dtb "$new/board.dtb"
tree=$(echo "$work"/unpacked/lib/modules/*)
: >"$new/modules/order"

# module NAME puts a module into the folder, after those it depends on. The
# package has no modules.dep; each module names its own (.modinfo, depends=).
# One that is built in has no file and no need.
module() {
	local name=${1//_/-} file needs n
	if grep -qx "$name.ko" "$new/modules/order"; then return; fi
	file=$(find "$tree/kernel" \( -name "$name.ko*" -o -name "${name//-/_}.ko*" \) -print -quit)
	if [[ -z $file ]]; then
		grep -qE "/${name//-/[-_]}\.ko$" "$tree/modules.builtin" || fail "$package has no module $name"
		return
	fi
	case $file in
	*.xz) xz -dc "$file" >"$new/modules/$name.ko" ;;
	*) cp "$file" "$new/modules/$name.ko" ;;
	esac
	needs=$(tr '\0' '\n' <"$new/modules/$name.ko" | sed -n 's/^depends=//p' | head -n 1)
	for n in ${needs//,/ }; do module "$n"; done
	echo "$name.ko" >>"$new/modules/order"
}
for name in "${wanted[@]}"; do module "$name"; done

echo "$package" >"$new/version"
echo "${wanted[*]}" >"$new/wanted"
rm -rf "$cache/kernel"
mv "$new" "$cache/kernel"
say "$package is in $cache/kernel; modules: $(tr '\n' ' ' <"$cache/kernel/modules/order")"
