#!/bin/bash
# Runs the plug-in's story in other versions of Krita than this machine's own: builds a Debian root for each suite (once)
# and drives the Krita in it with the same tests. Needs root, mmdebstrap and an apt-based system; CI runs it when asked.
#
# Usage: tests/hosts/krita/other_versions.sh [SUITE …]   (default: trixie forky; Krita 5.2.9 and 5.3.4 in 2026)
# The roots lie in ~/.cache/layerlift-hosts/krita-SUITE. PYTHON is the interpreter that has Layerlift and pytest.
set -euo pipefail
here=$(cd "$(dirname "$0")/../../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/layerlift-hosts
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
python=${PYTHON:-python3}

build() {
  local suite=$1 root=$2 mirror
  mirror=$(apt-get indextargets 'Created-By: Packages' 'Component: main' 'Origin: Debian' --format '$(REPO_URI)' | grep -v security | head -1)
  [ -n "$mirror" ] || { echo "no Debian mirror among the apt sources" >&2; exit 1; }
  rm -rf "$root.part"
  mkdir -p "$cache"
  mmdebstrap --mode=root --variant=minbase --format=directory --quiet \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Check-Valid-Until "false"' \
    --aptopt='Acquire::Languages "none"' --dpkgopt='force-unsafe-io' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --include=krita,python3-pyqt5,python3-pyqt5.sip,libgl1-mesa-dri,fonts-dejavu-core \
    "$suite" "$root.part" "deb [signed-by=$keyring] $mirror $suite main"
  mkdir -p "$root.part/job" "$root.part$(dirname "$root")"
  # The root is its own inside: a path on this machine means the same file in there.
  ln -s / "$root.part$root"
  rm -rf "$root"
  mv "$root.part" "$root"
}

for suite in "${@:-trixie forky}"; do
  for one in $suite; do
    root=$cache/krita-$one
    [ -e "$root/job" ] || build "$one" "$root"
    echo "== $one: Krita $(chroot "$root" dpkg-query -Wf '${Version}' krita)"
    (cd "$here" && LAYERLIFT_KRITA_ROOT=$root LAYERLIFT_REQUIRE_HOSTS=1 OMP_NUM_THREADS=1 "$python" -m pytest -q \
      --basetemp="$root/job/tests" tests/hosts/krita/test_story.py tests/hosts/krita/test_kinds.py tests/hosts/krita/test_vectors.py \
      tests/hosts/krita/test_windows.py tests/hosts/krita/test_operations.py)
  done
done
