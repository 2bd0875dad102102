#!/bin/sh
# Makes a Debian 12 (bookworm) chroot with nothing but Python, for the test of an installation without a network.
#
#   sudo tests/hosts/installer/chroot.sh [FOLDER]     FOLDER: where; without it, in the cache folder (the test looks there)
#
# It needs root and a Debian with apt; under a minute, 250 MB. Whole or not at all.
set -eu

target=${1:-${ANYCOST_PLAIN_CHROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/anycost-face-editor/chroot/plain-bookworm}}

if [ -e "$target/home/anna" ]; then
    echo "$target"
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "chroot.sh: making a chroot takes root and a Debian with apt: run it there, as root" >&2
    exit 2
fi

# The mirror that this machine's apt uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}

if ! command -v debootstrap >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
fi

mkdir -p "$(dirname "$target")"
aside=$target.part
rm -rf --one-file-system "$aside"
debootstrap --variant=minbase --include=python3,python3-venv bookworm "$aside" "$mirror"
chroot "$aside" useradd --create-home anna
mv "$aside" "$target"
echo "$target"
