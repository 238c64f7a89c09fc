#!/bin/bash
# Installs the real programs that tests ask: Krita, Xvfb, xdotool, LibreOffice Impress, poppler and Chromium from this
# machine's own apt sources, and a GIMP 3 in a root folder of its own (Debian 12 carries only 2.10).
#
# Idempotent: what is there stays. Needs root and an apt-based system. The GIMP root lies in $LAYERLIFT_GIMP_ROOT, by
# default ~/.cache/layerlift-hosts/gimp. Usage: tests/hosts/install.sh [krita] [libreoffice] [chromium] [gimp]   (default: all)
set -euo pipefail

GIMP_ROOT=${LAYERLIFT_GIMP_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/layerlift-hosts/gimp}
GIMP_SUITE=${LAYERLIFT_GIMP_SUITE:-trixie} # the first Debian with GIMP 3
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
export DEBIAN_FRONTEND=noninteractive

say() { echo "hosts: $*"; }
missing() { for package in "$@"; do dpkg-query -Wf '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"; done; }

install() {
  local wanted
  wanted=$(missing "$@")
  [ -z "$wanted" ] && return
  say "installing" $wanted
  # A package list that is already there may be stale or absent: refresh it once if the first try fails.
  local get="apt-get -o DPkg::Lock::Timeout=540 -q -y"
  $get install --no-install-recommends $wanted || { $get update; $get install --no-install-recommends $wanted; }
}

install_gimp() {
  if [ -e "$GIMP_ROOT/.complete" ]; then say "GIMP is in $GIMP_ROOT"; return; fi
  install mmdebstrap
  local mirror part="$GIMP_ROOT.part"
  # The machine's own Debian mirror, whatever the form of its source lists.
  mirror=$(apt-get indextargets 'Created-By: Packages' 'Component: main' 'Origin: Debian' --format '$(REPO_URI)' | grep -v security | head -1)
  [ -n "$mirror" ] || { say "no Debian mirror among the apt sources: GIMP is left out" >&2; return 1; }
  mkdir -p "$(dirname "$GIMP_ROOT")"
  rm -rf "$part"
  say "building a GIMP root ($GIMP_SUITE) in $GIMP_ROOT"
  mmdebstrap --mode=root --variant=minbase --format=directory --quiet \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
    --aptopt='Acquire::Languages "none"' --dpkgopt='force-unsafe-io' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --include=gimp,gir1.2-gimp-3.0,python3-gi,ca-certificates \
    --customize-hook='chroot "$1" useradd -m -u 1000 artist' --customize-hook='mkdir -p "$1/job"' \
    "$GIMP_SUITE" "$part" "deb [signed-by=$KEYRING] $mirror $GIMP_SUITE main"
  touch "$part/.complete"
  rm -rf "$GIMP_ROOT"
  mv "$part" "$GIMP_ROOT"
}

command -v apt-get >/dev/null || { say "this needs an apt-based system; install Krita, GIMP 3 and LibreOffice by hand" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { say "this needs root" >&2; exit 1; }

for host in "${@:-all}"; do
  case $host in
    krita) install krita python3-pyqt5 xvfb xdotool ;;
    libreoffice) install libreoffice-impress poppler-utils fonts-dejavu-core ;;
    chromium) install chromium fonts-dejavu-core ;;
    gimp) install_gimp ;;
    all) install krita python3-pyqt5 xvfb xdotool libreoffice-impress poppler-utils chromium fonts-dejavu-core; install_gimp ;;
    *) say "unknown host '$host' (krita, libreoffice, chromium, gimp)" >&2; exit 1 ;;
  esac
done
say "ready"
