/**
 * /init of the initrd. Modules are loaded as udev would: each device of a bus names what it is in its `modalias`, and
 * modprobe knows which module takes it; a bus that such a module brings (virtio) shows further devices on the next
 * round. A root that never appears ends in a kernel panic with its name on the console, since init must not return.
 */
export const initScript = `#!/bin/sh
b=/bin/busybox
$b mount -t proc -o nosuid,noexec,nodev proc /proc
$b mount -t sysfs -o nosuid,noexec,nodev sysfs /sys
$b mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
$b mount -t tmpfs -o nosuid,nodev,mode=0755 tmpfs /run

root= fstype=ext4 access=ro init=/usr/lib/systemd/systemd
for word in $($b cat /proc/cmdline); do
  case "$word" in
    root=*) root=\${word#root=} ;;
    rootfstype=*) fstype=\${word#rootfstype=} ;;
    init=*) init=\${word#init=} ;;
    ro|rw) access=$word ;;
  esac
done

find_root() {
  case "$root" in
    PARTLABEL=*)
      for uevent in /sys/class/block/*/uevent; do
        if $b grep -qx "PARTNAME=\${root#PARTLABEL=}" "$uevent"; then
          name=\${uevent%/uevent}
          device=/dev/\${name##*/}
          return 0
        fi
      done
      return 1 ;;
    *) device=$root; [ -b "$device" ] ;;
  esac
}

round=0
until find_root; do
  if [ "$round" -ge 100 ]; then
    echo "initrd: no block device is $root" > /dev/console
    $b cat /proc/partitions > /dev/console
    exit 1
  fi
  # A name that no module answers to is no fault: modprobe is quiet about it, and has tried the others.
  $b cat /sys/bus/*/devices/*/modalias | $b sort -u | $b xargs $b modprobe -qab
  find_root && break
  [ "$round" -lt 2 ] || $b sleep 0.1
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
