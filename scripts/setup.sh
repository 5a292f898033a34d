#!/bin/sh
# Installs the system packages that are missing, saying which and why. Usage: setup.sh check|test|bench ...
# Exit 3: something is missing that this script cannot install.
set -eu

# command or file            Debian package       what for
needed_check='
qemu-system-x86_64           qemu-system-x86      boots the machine
qemu-img                     qemu-utils           makes and layers disk images
/usr/share/OVMF/OVMF_CODE_4M.fd  ovmf             the UEFI firmware that Proxmox uses too
mmdebstrap                   mmdebstrap           builds the base of the stand-in image
mcopy                        mtools               fills the EFI system partition without mounting it
mkfs.vfat                    dosfstools           makes the EFI system partition
mke2fs                       e2fsprogs            makes the root file system
sfdisk                       fdisk                writes the partition table
setpriv                      util-linux           ends children with their parent
newuidmap                    uidmap               lets an ordinary user build an image
'
needed_test='
sgdisk                       gdisk                what the disk layout is compared with
chromium                     chromium             opens the report in the tests
nix-instantiate              nix-bin              evaluates what is emitted
mypy                         mypy                 type-checks the emitted test script
pyflakes3                    pyflakes3            lints the emitted test script
shellcheck                   shellcheck           checks the shell lines of the workflows
'
needed_bench='
debvm-create                 debvm                what a cold check is compared with
'

missing=''
for group in "$@"; do
  case $group in
    check) list=$needed_check ;;
    test) list=$needed_test ;;
    bench) list=$needed_bench ;;
    *) echo "setup.sh: no group is called $group" >&2; exit 2 ;;
  esac
  while read -r probe package purpose; do
    [ -n "$probe" ] || continue
    case $probe in
      /*) [ -e "$probe" ] && continue ;;
      *) PATH="$PATH:/usr/sbin:/sbin" command -v "$probe" >/dev/null 2>&1 && continue ;;
    esac
    echo "missing: $package ($purpose)"
    missing="$missing $package"
  done <<LIST
$list
LIST
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "This system has no apt. Install what is listed above by its own package manager, then run this again." >&2
  exit 3
fi
as_root=''
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "Not root, and there is no sudo. As root, run: apt-get install --no-install-recommends$missing" >&2
    exit 3
  fi
  as_root='sudo'
fi
echo "Installing:$missing"
# The lists of a fresh machine may be empty or old.
$as_root apt-get update -qq
# shellcheck disable=SC2086 # one word a package
if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null; then
  echo "apt-get could not install:$missing" >&2
  exit 3
fi
