import { agentPortName } from '../../hardware/devices.ts';
import type { Test } from '../../plan/test.ts';
import { device, driver, imageClean } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { ImageFileFault, Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

const channelAbsent: Sketch = {
  id: 'agent-channel-absent',
  title: 'the VM has no channel for the guest agent',
  fault: {
    type: 'boot',
    rebuilds: false,
    alone: false,
    change: (test) => ({ ...test, hardware: { ...test.hardware, agentChannel: false } }),
  },
  says: /No such file|cannot access/,
};

/** The boot disk on VirtIO SCSI, which Proxmox's web page offers first: the guest has another name for it. */
const onScsi = (test: Test): Test => {
  const { vm } = test.hardware;
  const disks = vm.disks.map((disk) =>
    disk.key === 'virtio0' ? { ...disk, key: 'scsi0', bus: 'scsi' as const } : disk,
  );
  // The firmware looks for it where it is now: a machine that does not boot would show nothing of its disk.
  const { virtio0 = 1, ...others } = vm.bootIndexes;
  const bootIndexes = { ...others, scsi0: virtio0 };
  const disk = { ...test.image.disk, device: '/dev/sda' };
  // NixOS's initrd knows SCSI disks by itself; the stand-in's knows what it is told.
  const initrdModules = [...new Set([...test.image.initrdModules, 'sd_mod', 'virtio_scsi'])];
  return {
    ...test,
    hardware: { ...test.hardware, vm: { ...vm, scsihw: 'virtio-scsi-single', disks, bootIndexes } },
    image: { ...test.image, disk, initrdModules },
  };
};

/** Takes a driver off its device; the device stays. */
function unbound(of: string, sysPath: string): Sketch {
  return {
    id: `driver-unbound/${of.replaceAll(' ', '-')}`,
    title: `${of} has no driver`,
    fault: running(
      [
        `for link in ${sysPath}/driver; do`,
        '  folder=$(readlink -f "$link")',
        `  basename "$(readlink -f "\${link%/driver}")" > "$folder/unbind"`,
        'done',
      ],
      sysPath.includes('virtio-ports') ? 'ssh' : 'agent',
    ),
    says: /^no driver$/,
  };
}

type Check = Parameters<typeof imageClean.title>[0]['check'];

const plantedFiles: Readonly<Record<Check, { readonly title: string } & Omit<ImageFileFault, 'type'>>> = {
  'no authorized key': {
    title: 'the image carries a key that lets somebody log in as root',
    path: '/root/.ssh/authorized_keys',
    text: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA left-behind\n',
  },
  'no login password': {
    title: 'root of the image has an empty password',
    path: '/etc/shadow',
    text: 'root::20000:0:99999:7:::\n',
  },
  'no machine-id': {
    title: 'the image carries a machine-id',
    path: '/etc/machine-id',
    text: '0123456789abcdef0123456789abcdef\n',
  },
  'no SSH host key': {
    title: 'the image carries a private SSH host key',
    path: '/etc/ssh/ssh_host_ed25519_key',
    text: 'left behind\n',
  },
};

const planted = (check: Check): Sketch => {
  const { title, path, text } = plantedFiles[check];
  return {
    id: `image-file${path}`,
    title,
    fault: { type: 'image file', path, text },
    says:
      check === 'no machine-id'
        ? /^0123456789abcdef/
        : check === 'no login password'
          ? /^root$/
          : new RegExp(path),
  };
};

export const hardwareDerivers = [
  from(device, ({ path }, { hardware }) => [
    {
      id: `device-removed${path}`,
      title: `${path} is not there`,
      fault: running([`rm ${quote(path)}`]),
      says: /No such file|cannot access/,
    },
    ...(path.endsWith(agentPortName) && hardware.agentChannel ? [channelAbsent] : []),
  ]),
  from(driver, ({ of, sysPath, driver: name }, { image }): readonly Sketch[] => {
    if (!sysPath.startsWith('/sys/class/block/')) return [unbound(of, sysPath)];
    if (name !== 'virtio_blk' || image.disk.device !== of) return [];
    return [
      {
        id: 'disk-on-scsi',
        title: `the disk ${of} hangs on SCSI`,
        fault: { type: 'boot', rebuilds: true, alone: true, change: onScsi },
        says: /^no driver$/,
      },
    ];
  }),
  // Root's password may be a declared one; then nothing that is planted here would be wrong.
  from(imageClean, ({ check, declared = [] }) =>
    check === 'no login password' && declared.includes('root') ? [] : [planted(check)],
  ),
];
