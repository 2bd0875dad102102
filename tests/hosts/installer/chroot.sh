#!/bin/sh
# Makes a Debian 12 (bookworm) chroot with nothing but Python, for the test of an installation without a network.
#
#   sudo tests/hosts/installer/chroot.sh [FOLDER]     FOLDER: where; without it, in the cache folder (the test looks there)
#
# It needs root and a Debian with apt; under a minute, 250 MB.
set -eu

target=${1:-${ANYCOST_PLAIN_CHROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/anycost-face-editor/chroot/plain-bookworm}}

if [ -e "$target/home/anna" ]; then
    echo "$target"
    exit 0
fi
. "$(dirname "$0")/../debian_chroot.sh"
begin bookworm --include=python3,python3-venv
chroot "$aside" useradd --create-home anna
finish
