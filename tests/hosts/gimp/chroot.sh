#!/bin/sh
# Makes a Debian 13 (trixie) chroot with GIMP 3.0 for the host tests, once: about two minutes, 600 MB.
#
#   sudo tests/hosts/gimp/chroot.sh [FOLDER]     FOLDER: where; without it, in the cache folder (the tests look there)
#
# It needs root and a Debian with apt.
set -eu

target=${1:-${ANYCOST_GIMP_CHROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/anycost-face-editor/chroot/gimp-trixie}}

if [ -e "$target/usr/bin/gimp-console-3.0" ]; then
    echo "$target"
    exit 0
fi
. "$(dirname "$0")/../debian_chroot.sh"
begin trixie
printf '#!/bin/sh\nexit 101\n' > "$aside/usr/sbin/policy-rc.d" # no services
chmod +x "$aside/usr/sbin/policy-rc.d"
printf 'path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\nforce-unsafe-io\n' \
    > "$aside/etc/dpkg/dpkg.cfg.d/slim"
chroot "$aside" apt-get update -qq
chroot "$aside" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    gimp gir1.2-gimp-3.0 python3-gi adwaita-icon-theme librsvg2-common fonts-dejavu-core
chroot "$aside" apt-get clean
rm -rf "$aside"/var/lib/apt/lists/*
finish
