/**
 * /init of the initrd. Modules are loaded as udev would: each device of a bus names what it is in its `modalias`, and
 * modprobe knows which module takes it; a bus that such a module brings (virtio) shows further devices on the next
 * round. What the shell can do itself is not left to busybox, since each process costs time. A root that never appears ends in a kernel panic with its name on the console, since init must not return.
 */
export const initScript = `#!/bin/sh
b=/bin/busybox
$b mount -t proc -o nosuid,noexec,nodev proc /proc
$b mount -t sysfs -o nosuid,noexec,nodev sysfs /sys
$b mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
$b mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs /run

root= fstype=ext4 access=ro init=/usr/lib/systemd/systemd
read -r cmdline < /proc/cmdline
for word in $cmdline; do
  case "$word" in
    root=*) root=\${word#root=} ;;
    rootfstype=*) fstype=\${word#rootfstype=} ;;
    init=*) init=\${word#init=} ;;
    ro|rw) access=$word ;;
  esac
done

find_root() {
  case "$root" in
    PARTLABEL=*) ;;
    *) device=$root; [ -b "$device" ]; return ;;
  esac
  for folder in /sys/class/block/*; do
    [ -e "$folder/uevent" ] || continue
    while read -r line; do
      if [ "$line" = "PARTNAME=\${root#PARTLABEL=}" ]; then
        device=/dev/\${folder##*/}
        return 0
      fi
    done < "$folder/uevent"
  done
  return 1
}

load_modules() {
  set --
  for file in /sys/bus/*/devices/*/modalias; do
    read -r alias < "$file" && set -- "$@" "$alias"
  done
  # A name that no module answers to is no fault: modprobe is quiet about it, and goes on to the others.
  [ $# -eq 0 ] || $b modprobe -qa "$@"
}

round=0
until find_root; do
  if [ "$round" -ge 100 ]; then
    echo "initrd: no block device is $root" > /dev/console
    $b cat /proc/partitions > /dev/console
    exit 1
  fi
  [ "$round" -lt 2 ] || $b sleep 0.1
  load_modules 2> /dev/null
  round=$((round + 1))
done

if ! $b mount -t "$fstype" -o "$access" "$device" /sysroot; then
  echo "initrd: $device does not mount as $fstype" > /dev/console
  exit 1
fi
for tree in dev sys run; do
  $b mount --move "/$tree" "/sysroot/$tree"
done
$b umount /proc
exec $b switch_root /sysroot "$init"
`;
