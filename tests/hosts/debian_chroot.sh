# Sourced by scripts that make a Debian chroot, with $target set to where it goes.
# Whole or not at all: it is built in $aside, and gets its name in `finish`.

aside=$target.part

# begin SUITE [options of debootstrap]
begin() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "chroot.sh: making a chroot takes root and a Debian with apt: run it there, as root" >&2
        exit 2
    fi
    # The mirror that this machine's apt uses.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1)
    if ! command -v debootstrap >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
    fi
    suite=$1
    shift
    mkdir -p "$(dirname "$target")"
    rm -rf --one-file-system "$aside"
    debootstrap --variant=minbase "$@" "$suite" "$aside" "${mirror:-http://deb.debian.org/debian}"
}

finish() {
    mv "$aside" "$target"
    echo "$target"
}
