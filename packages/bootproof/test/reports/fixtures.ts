/** Runs as they look when hl02 is checked: one of each kind of ending. */
import type { Evidence, Probe, Proof } from '../../src/probes/probe.ts';
import type { PhaseName, RunEvent } from '../../src/runner/events.ts';
import type { CommandRecord, RunResult, Span } from '../../src/runner/result.ts';

interface Row {
  readonly id: string;
  readonly title: string;
  readonly proves: readonly string[];
  readonly expected: string;
  readonly seen: string;
  readonly evidence: readonly Evidence[];
  readonly hint?: string;
  readonly after?: readonly string[];
}

const unitEvidence = (unit: string): Evidence[] => [
  {
    source: `systemctl show ${unit}`,
    text: 'LoadState=loaded\nActiveState=active\nSubState=running\nResult=success\nNRestarts=0',
  },
];

const rows: readonly Row[] = [
  {
    id: 'boot/loader',
    title: 'the firmware started systemd-boot from /dev/vda1',
    proves: ['boot.loader.systemd-boot.enable', 'boot.loader.efi.canTouchEfiVariables'],
    expected: 'systemd-boot, from /dev/vda1',
    seen: 'systemd-boot 252.39-1~deb12u1, from /dev/vda1',
    evidence: [
      {
        source: 'tail -c +5 /sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f',
        text: 'systemd-boot 252.39-1~deb12u1\n3C5F1B0E-7D5A-4F7E-9C0B-0B1B4C1B2A10',
      },
    ],
    hint: 'In the machine: bootctl status. The EFI variables LoaderInfo and LoaderDevicePartUUID are set by systemd-boot alone.',
  },
  {
    id: 'boot/multi-user',
    title: 'multi-user.target is active',
    proves: ['networking.hostName'],
    expected: 'loaded, active',
    seen: 'loaded, active (active)',
    evidence: unitEvidence('multi-user.target'),
  },
  {
    id: 'boot/running',
    title: 'the system is running and no unit has failed',
    proves: ['networking.hostName'],
    expected: 'running',
    seen: 'running',
    evidence: [{ source: 'systemctl is-system-running; systemctl --failed', text: 'running' }],
    hint: 'In the machine: systemctl --failed; journalctl -b -p err',
  },
  {
    id: 'boot/console-parameter',
    title: 'the kernel was started with console=ttyS0',
    proves: ['boot.kernelParams'],
    expected: 'console=ttyS0',
    seen: 'console=ttyS0',
    evidence: [
      {
        source: '/proc/cmdline',
        text: 'initrd=\\EFI\\hl02\\initrd.img root=PARTLABEL=disk-main-root rw console=ttyS0 quiet',
      },
    ],
  },
  ...['virtio_blk', 'virtio_net', 'virtio_console'].map((driver) => ({
    id: `boot/driver-${driver}`,
    title: `${driver} drives its device`,
    proves: ['boot.initrd.availableKernelModules'],
    expected: `bound to ${driver}`,
    seen: `bound to ${driver}`,
    evidence: [{ source: `ls /sys/bus/virtio/drivers/${driver}`, text: 'virtio1' }],
  })),
  {
    id: 'console/login-prompt',
    title: 'the serial console shows a login prompt for hl02',
    proves: ['networking.hostName', 'boot.kernelParams'],
    expected: 'hl02 login:',
    seen: 'hl02 login:',
    evidence: [{ source: 'serial0', text: 'Debian GNU/Linux 12 hl02 ttyS0\n\nhl02 login: ' }],
  },
  {
    id: 'network/host-name',
    title: 'the host name is hl02, statically and in the kernel',
    proves: ['networking.hostName'],
    expected: 'hl02, hl02',
    seen: 'hl02, hl02',
    evidence: [{ source: 'cat /etc/hostname /proc/sys/kernel/hostname', text: 'hl02\nhl02' }],
    hint: 'In the machine: hostnamectl; cat /etc/hostname',
  },
  {
    id: 'network/host-id',
    title: 'hostid prints 92bbb1e6',
    proves: ['networking.hostId'],
    expected: '92bbb1e6',
    seen: '92bbb1e6',
    evidence: [{ source: 'hostid', text: '92bbb1e6' }],
  },
  {
    id: 'network/dhcp',
    title: 'enp6s18 has a DHCP lease and a default route from it',
    proves: ['networking.useDHCP'],
    expected: 'enp6s18 with a leased address and a default route by DHCP',
    seen: '10.0.2.15, default via 10.0.2.2',
    evidence: [
      {
        source: 'ip -j -4 address show; ip -j -4 route show default',
        text: '[{"ifindex":2,"ifname":"enp6s18","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,"qdisc":"pfifo_fast","operstate":"UP","addr_info":[{"family":"inet","local":"10.0.2.15","prefixlen":24,"metric":1024,"broadcast":"10.0.2.255","scope":"global","dynamic":true,"label":"enp6s18","valid_life_time":86384,"preferred_life_time":86384}]}]\n[{"dst":"default","gateway":"10.0.2.2","dev":"enp6s18","protocol":"dhcp","prefsrc":"10.0.2.15","metric":1024,"flags":[]}]',
      },
    ],
    hint: "In the machine: ip address; networkctl status enp6s18. The NIC's name follows from its slot: another machine type names it otherwise.",
  },
  {
    id: 'openssh/unit',
    title: 'sshd.service is active',
    proves: ['services.openssh.enable'],
    expected: 'loaded, active',
    seen: 'loaded, active (running)',
    evidence: unitEvidence('sshd.service'),
    hint: 'In the machine: systemctl status sshd.service; journalctl -b -u sshd.service',
  },
  {
    id: 'openssh/port',
    title: 'port 22 listens in the machine',
    proves: ['services.openssh.ports'],
    expected: 'a listener on 22',
    seen: '0.0.0.0:22, [::]:22',
    evidence: [
      {
        source: 'ss -Htln sport = :22',
        text: 'LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\nLISTEN 0 128 [::]:22 [::]:*',
      },
    ],
    after: ['openssh/unit'],
  },
  {
    id: 'openssh/answers',
    title: 'SSH answers on port 22 from outside, and finishes a key exchange',
    proves: ['services.openssh.enable', 'networking.firewall.allowedTCPPorts'],
    expected: 'an SSH-2.0 banner and a finished key exchange',
    seen: 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7, curve25519-sha256, ssh-ed25519',
    evidence: [
      {
        source: 'forward of guest port 22',
        text: 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\ncurve25519-sha256\nssh-ed25519 SHA256:Q0k3Zc3l5y8x1G1k0a2rX1pS0vF2m4mJ1N0b8r1xY2E',
      },
    ],
    after: ['openssh/port'],
  },
  {
    id: 'openssh/no-password',
    title: 'SSH refuses login by password and by keyboard-interactive',
    proves: [
      'services.openssh.settings.PasswordAuthentication',
      'services.openssh.settings.KbdInteractiveAuthentication',
    ],
    expected: 'offers publickey; not password, keyboard-interactive',
    seen: 'offers publickey',
    evidence: [{ source: 'login to port 22 by no method', text: 'can continue: publickey' }],
    hint: 'In the machine: sshd -T | grep -i authentication',
    after: ['openssh/answers'],
  },
  {
    id: 'qemu-guest/channel',
    title: '/dev/virtio-ports/org.qemu.guest_agent.0 is there',
    proves: ['services.qemuGuest.enable'],
    expected: 'a character device',
    seen: 'crw------- 1 root root 247, 1 Nov 23 14:02 /dev/virtio-ports/org.qemu.guest_agent.0',
    evidence: [
      {
        source: 'ls -lL /dev/virtio-ports/org.qemu.guest_agent.0',
        text: 'crw------- 1 root root 247, 1 Nov 23 14:02 /dev/virtio-ports/org.qemu.guest_agent.0',
      },
    ],
    hint: "In the machine: ls -l /dev/virtio-ports. On Proxmox: the VM's hardware must have the device.",
  },
  {
    id: 'qemu-guest/unit',
    title: 'qemu-guest-agent.service is active',
    proves: ['services.qemuGuest.enable'],
    expected: 'loaded, active',
    seen: 'loaded, active (running)',
    evidence: unitEvidence('qemu-guest-agent.service'),
    hint: 'In the machine: systemctl status qemu-guest-agent.service; journalctl -b -u qemu-guest-agent.service',
    after: ['qemu-guest/channel'],
  },
  {
    id: 'qemu-guest/ping',
    title: 'the guest agent answers a ping from the host',
    proves: ['services.qemuGuest.enable'],
    expected: 'an answer to guest-ping',
    seen: 'answered',
    evidence: [{ source: 'guest-ping', text: '{"return": {}}' }],
    after: ['qemu-guest/unit'],
  },
  {
    id: 'qemu-guest/host-name',
    title: 'the guest agent reports the host name hl02',
    proves: ['services.qemuGuest.enable', 'networking.hostName'],
    expected: 'hl02',
    seen: 'hl02',
    evidence: [{ source: 'guest-get-host-name', text: 'hl02' }],
    after: ['qemu-guest/ping'],
  },
  {
    id: 'qemu-guest/address',
    title: 'the guest agent reports the DHCP address of enp6s18',
    proves: ['services.qemuGuest.enable', 'networking.useDHCP'],
    expected: 'enp6s18 10.0.2.15',
    seen: 'enp6s18 10.0.2.15',
    evidence: [
      {
        source: 'guest-network-get-interfaces',
        text: '[\n {\n  "name": "enp6s18",\n  "addresses": [ { "family": "ipv4", "address": "10.0.2.15", "prefix": 24 } ]\n }\n]',
      },
    ],
    after: ['qemu-guest/ping', 'network/dhcp'],
  },
  {
    id: 'disk/root-mount',
    title: '/ is ext4 on /dev/vda2, mounted as disk-main-root',
    proves: ['disko.devices.disk.main.content.partitions.root'],
    expected: 'ext4, /dev/vda2, /dev/disk/by-partlabel/disk-main-root',
    seen: 'ext4, /dev/vda2, /dev/disk/by-partlabel/disk-main-root',
    evidence: [
      { source: '/proc/self/mountinfo', text: '24 1 254:2 / / rw,relatime shared:1 - ext4 /dev/vda2 rw' },
      { source: '/etc/fstab', text: '/dev/disk/by-partlabel/disk-main-root / ext4 defaults 0 1' },
    ],
    hint: 'In the machine: findmnt /; cat /etc/fstab; ls -l /dev/disk/by-partlabel',
  },
  {
    id: 'disk/root-size',
    title: 'the file system at / fills its partition',
    proves: ['disko.devices.disk.main.content.partitions.root.size'],
    expected: 'at least 95 % of 31.50 GiB',
    seen: '30.84 GiB',
    evidence: [{ source: "stat -f -c '%S %b' /", text: '4096 8084992' }],
  },
  {
    id: 'disk/esp-partition',
    title: '/dev/vda1 is 512M with the type of an EFI system partition',
    proves: ['disko.devices.disk.main.content.partitions.ESP'],
    expected: '512M, c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
    seen: '512M, c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
    evidence: [
      {
        source: 'lsblk -b -n -o SIZE,PARTTYPE /dev/vda1',
        text: '536870912 c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
      },
    ],
  },
  {
    id: 'disk/esp-mount',
    title: '/boot is vfat on /dev/vda1, mounted as disk-main-ESP',
    proves: ['disko.devices.disk.main.content.partitions.ESP', 'fileSystems'],
    expected: 'vfat, /dev/vda1, /dev/disk/by-partlabel/disk-main-ESP, umask=0077',
    seen: 'vfat, /dev/vda1, /dev/disk/by-partlabel/disk-main-ESP, umask=0077',
    evidence: [
      {
        source: '/proc/self/mountinfo',
        text: '61 24 254:1 / /boot rw,relatime shared:29 - vfat /dev/vda1 rw,fmask=0077,dmask=0077,codepage=437',
      },
      { source: '/etc/fstab', text: '/dev/disk/by-partlabel/disk-main-ESP /boot vfat umask=0077 0 2' },
    ],
  },
  ...['no authorized key', 'no login password', 'no machine-id', 'no SSH host key'].map((check) => ({
    id: `image/${check.replaceAll(' ', '-')}`,
    title: `the image carries ${check}`,
    proves: ['users.users', 'services.openssh.hostKeys'],
    expected: check,
    seen: check,
    evidence: [{ source: "the image's root file system, before its first boot", text: 'none' }],
    hint: 'Read from the image itself. Look for the module or the package script that put it there.',
  })),
];

function probeOf(row: Row): Probe {
  return {
    id: row.id,
    title: row.title,
    kind: row.id.split('/')[1] ?? 'unit',
    params: { subject: row.id },
    proves: row.proves,
    after: row.after ?? [],
    deadlineSeconds: 10,
    hint: row.hint ?? `In the machine: journalctl -b -p warning`,
  };
}

/** hl02's probes, as its plan has them. */
export const probes: readonly Probe[] = rows.map(probeOf);

const passedProofs: readonly Proof[] = rows.map((row, index) => ({
  probe: probeOf(row),
  verdict: 'passed',
  expected: row.expected,
  seen: row.seen,
  evidence: row.evidence,
  startedMs: row.id.startsWith('image/') ? 20 + index : 27_400 + index * 90,
  durationMs: row.id.startsWith('image/') ? 2 : 140 + ((index * 137) % 620),
  looks: 1 + (index % 3),
}));

const phaseSpans: readonly [PhaseName, number, number][] = [
  ['evaluate', 0, 210],
  ['image', 210, 1_130],
  ['boot', 1_130, 28_900],
  ['probes', 1_150, 32_240],
  ['teardown', 32_240, 32_910],
];

/** When QEMU was started, in milliseconds since the run began. */
const qemuStartMs = 1_130;

const bootSpans: readonly Span[] = [
  { name: 'firmware', startMs: 0, endMs: 3_690 },
  { name: 'loader', startMs: 3_690, endMs: 4_880 },
  { name: 'kernel', startMs: 4_880, endMs: 10_520 },
  { name: 'userspace', startMs: 10_520, endMs: 27_770 },
];

const commands: readonly CommandRecord[] = [
  ['systemctl show sshd.service', 'LoadState=loaded\nActiveState=active\nSubState=running'],
  ['cat /etc/hostname /proc/sys/kernel/hostname', 'hl02\nhl02'],
  ['hostid', '92bbb1e6'],
  ['ip -j -4 address show; ip -j -4 route show default', '[{"ifname":"enp6s18"}]\n[{"dst":"default"}]'],
  ["stat -f -c '%S %b' /", '4096 8084992'],
  ['ss -Htln sport = :22', 'LISTEN 0 128 0.0.0.0:22 0.0.0.0:*'],
].map(([command = '', stdout = ''], index) => ({
  via: index % 4 === 3 ? ('agent' as const) : ('ssh' as const),
  command,
  exitCode: 0,
  stdout,
  stderr: '',
  startedMs: 27_410 + index * 95,
  durationMs: 38 + index * 7,
}));

const qemuCommand: readonly string[] = [
  'qemu-system-x86_64',
  '-name',
  'hl02,debug-threads=on',
  '-nodefaults',
  '-no-user-config',
  '-machine',
  'q35,accel=tcg',
  '-cpu',
  'max',
  '-smp',
  '2,sockets=1,cores=2',
  '-m',
  '4096',
  '-blockdev',
  '{"driver":"file","filename":"/usr/share/OVMF/OVMF_CODE_4M.fd","node-name":"code-file","read-only":true}',
  '-blockdev',
  '{"driver":"qcow2","node-name":"drive-virtio0","file":{"driver":"file","filename":"overlay.qcow2"},"discard":"unmap"}',
  '-device',
  '{"driver":"virtio-blk-pci","drive":"drive-virtio0","id":"virtio0","bus":"pci.0","addr":"0xa","bootindex":100}',
  '-netdev',
  'user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:0-:22',
  '-device',
  '{"driver":"virtio-net-pci","mac":"BC:24:11:1E:0C:3D","netdev":"net0","bus":"pci.0","addr":"0x12","id":"net0"}',
  '-device',
  '{"driver":"virtio-serial","id":"qga0","bus":"pci.0","addr":"0x8"}',
  '-display',
  'none',
];

const packages: Readonly<Record<string, string>> = {
  'openssh-server': '1:9.2p1-2+deb12u7',
  'linux-image-cloud-amd64': '6.1.148-1',
  'qemu-guest-agent': '1:7.2+dfsg-7+deb12u15',
  systemd: '252.39-1~deb12u1',
  'systemd-boot-efi': '252.39-1~deb12u1',
  udev: '252.39-1~deb12u1',
  libc6: '2.36-9+deb12u13',
  'base-files': '12.4+deb12u12',
};

const coverage: RunResult['coverage'] = [
  {
    option: 'networking.hostName',
    files: ['config/hosts/hl02/configuration.ts:12'],
    verdict: 'proven',
    probes: ['network/host-name', 'console/login-prompt'],
  },
  {
    option: 'services.openssh.settings.UseDns',
    files: ['config/roles/common/default.ts:31'],
    verdict: 'unproven',
    probes: [],
    reason: 'no probe of this host shows it',
  },
  {
    option: 'boot.tmp.cleanOnBoot',
    files: ['config/roles/common/default.ts:9'],
    verdict: 'nixos only',
    probes: [],
    reason: 'only NixOS has it',
  },
  {
    option: 'system.stateVersion',
    files: ['config/hosts/hl02/configuration.ts:40'],
    verdict: 'not provable',
    probes: [],
    reason: 'it has no effect that could be seen',
  },
  {
    option: 'nix.settings.experimental-features',
    files: ['config/roles/common/default.ts:17'],
    verdict: 'not realised',
    probes: [],
    reason: 'the stand-in has no Nix',
  },
];

const base: RunResult = {
  schema: 1,
  tool: { name: 'bootproof', version: '0.1.0' },
  host: 'hl02',
  test: 'hl02-test',
  verdict: 'proven',
  startedAt: '2025-11-23T14:02:07.318Z',
  durationMs: 32_910,
  image: {
    kind: 'stand-in',
    key: '5d1f0c3a9be2',
    sha256: '8f3b8f0c7f5f6f4d8bb1d39d2f37f9a5b1c9e0dd7a3b5c1e2f4a6b8c0d2e4f60',
    fromCache: true,
    packages,
  },
  machine: {
    accelerator: 'tcg',
    acceleratorReason: '/dev/kvm opens, but executed nothing within 2 s',
    qemuVersion: '7.2.19',
    command: qemuCommand,
  },
  coverage,
  phases: phaseSpans.map(([name, startMs, endMs]) => ({ name, startMs, endMs })),
  boot: bootSpans,
  proofs: passedProofs,
  notRealised: [
    {
      option: 'nix.settings.experimental-features',
      files: ['config/roles/common/default.ts'],
      reason: 'The stand-in has no Nix.',
    },
    {
      option: 'boot.loader.systemd-boot.configurationLimit',
      files: ['config/roles/common/default.ts'],
      reason: 'The stand-in has one boot entry.',
    },
    {
      option: 'system.stateVersion',
      files: ['config/hosts/hl02/configuration.ts'],
      reason: 'Only NixOS gives it a meaning.',
    },
  ],
  notes: ['KVM is not usable here, so the machine ran under TCG, which is about ten times slower.'],
  commands,
  files: {
    result: 'result.json',
    report: 'report.html',
    junit: 'junit.xml',
    console: 'console.log',
    qemuLog: 'qemu.log',
    screenshot: 'screenshot.png',
  },
};

const withProofs = (change: (proof: Proof) => Partial<Proof>): Proof[] =>
  passedProofs.map((proof) => ({ ...proof, ...change(proof) }));

/** Every probe passed. */
export const proven: RunResult = base;

/** Every probe passed on NixOS itself. */
export const onNixos: RunResult = {
  ...base,
  image: {
    kind: 'nixos',
    kindReason: 'nix 2.31.2 and KVM can be used here',
    key: 'hzypgc7m00lsss5dhf39dz13j4g9lsgn',
    sha256: '0b1c3d9f5a7e86420b1c3d9f5a7e86420b1c3d9f5a7e86420b1c3d9f5a7e8642',
    fromCache: true,
    packages: {},
    storePath: '/nix/store/hzypgc7m00lsss5dhf39dz13j4g9lsgn-hl02-disko-images',
  },
  notRealised: [],
};

const maskedEvidence: Evidence[] = [
  {
    source: 'systemctl show sshd.service',
    text: 'LoadState=masked\nActiveState=inactive\nSubState=dead\nResult=success',
  },
];

/** sshd is masked: one probe fails, and what needs it is refused. */
export const failing: RunResult = {
  ...base,
  verdict: 'not proven',
  durationMs: 44_120,
  proofs: withProofs(({ probe }) => {
    if (probe.id === 'openssh/unit')
      return { verdict: 'failed', seen: 'masked, inactive (dead)', evidence: maskedEvidence, looks: 1 };
    if (probe.id === 'boot/running')
      return {
        verdict: 'failed',
        seen: 'degraded; failed: systemd-networkd-wait-online.service',
        reason: 'not seen within 10 s',
        durationMs: 10_040,
        looks: 14,
        evidence: [
          {
            source: 'systemctl is-system-running; systemctl --failed',
            text: 'degraded\n● systemd-networkd-wait-online.service loaded failed failed Wait for Network to be Configured',
          },
        ],
      };
    if (probe.id.startsWith('openssh/'))
      return {
        verdict: 'refused',
        seen: '',
        evidence: [],
        looks: 0,
        durationMs: 0,
        reason: 'sshd.service is active (openssh/unit) has not passed',
      };
    return {};
  }),
};

/** The agent's channel is absent from the hardware: nothing of the agent can be asked. */
export const refused: RunResult = {
  ...base,
  verdict: 'not proven',
  proofs: withProofs(({ probe }) => {
    if (!probe.id.startsWith('qemu-guest/')) return {};
    return {
      verdict: 'refused',
      seen: '',
      evidence: [],
      looks: 0,
      durationMs: 0,
      reason: 'the hardware has no port org.qemu.guest_agent.0',
    };
  }),
};

const panicLines = [
  '[    5.104233] VFS: Cannot open root device "PARTLABEL=disk-main-root" or unknown-block(0,0): error -6',
  '[    5.104871] Please append a correct "root=" boot option; here are the available partitions:',
  '[    5.105512] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
  '[    5.106198] CPU: 1 PID: 1 Comm: swapper/0 Not tainted 6.1.0-40-cloud-amd64 #1 Debian 6.1.148-1',
  '[    5.106901] Call Trace:',
  '[    5.107220]  <TASK>',
  '[    5.107513]  dump_stack_lvl+0x44/0x5c',
  '[    5.107998]  panic+0x118/0x2ed',
  '[    5.108403]  mount_block_root+0x1d4/0x1e6',
  '[    5.110412] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0) ]---',
];

/** The kernel panicked: what reads the image alone was proven, the rest refused. */
export const panicked: RunResult = {
  ...base,
  verdict: 'not proven',
  durationMs: 9_870,
  phases: base.phases
    .filter(({ name }) => name !== 'probes')
    .map((span) => (span.name === 'boot' ? { ...span, endMs: 9_320 } : span))
    .map((span) => (span.name === 'teardown' ? { ...span, startMs: 9_320, endMs: 9_870 } : span)),
  boot: [...base.boot.slice(0, 2), { name: 'kernel', startMs: 4_880, endMs: 8_190 }],
  breakdown: {
    kind: 'kernel panic',
    detail: 'VFS: Unable to mount root fs on unknown-block(0,0)',
    lines: panicLines,
  },
  commands: [],
  proofs: withProofs(({ probe }) =>
    probe.id.startsWith('image/')
      ? {}
      : {
          verdict: 'refused',
          seen: '',
          evidence: [],
          looks: 0,
          durationMs: 0,
          reason: 'the machine broke down: kernel panic',
        },
  ),
};

/** Ctrl-C while the machine was booting. */
export const interrupted: RunResult = {
  ...base,
  verdict: 'interrupted',
  durationMs: 14_020,
  phases: base.phases.slice(0, 3).map((span) => (span.name === 'boot' ? { ...span, endMs: 14_020 } : span)),
  boot: base.boot.slice(0, 3),
  commands: [],
  proofs: passedProofs.filter(({ probe }) => probe.id.startsWith('image/')),
};

/** What hurts a report that forgets to escape. */
export const hostileTexts = [
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg onload=alert(1)>',
  '--><!-- ]]> &amp; &#0; &bogus;',
  '\u0000\u0001\u0007\u001b[31mred\u001b[0m\u001b]0;title\u0007\u007f\u009b',
  'a\u202Eb\u2066c\ud800d',
  `${'verylongword'.repeat(60)}`,
  '|`pipe`|\n::error::injected\r\n##[error]injected\n%0A,:',
  '日本語のテキスト 👨‍👩‍👧 ⚠️',
];

/** A failed run where every text of outside holds something hostile. */
export const hostile: RunResult = {
  ...failing,
  notes: hostileTexts,
  breakdown: { kind: 'emergency mode', detail: hostileTexts.join(' '), lines: hostileTexts },
  notRealised: hostileTexts.map((text) => ({ option: text, files: [text], reason: text })),
  coverage: hostileTexts.flatMap((text) => [
    { option: text, files: [text], verdict: 'proven', probes: [text] },
    { option: text, files: [text], verdict: 'not provable', probes: [], reason: text },
  ]),
  commands: hostileTexts.map((text) => ({
    via: 'ssh',
    command: text,
    exitCode: undefined,
    stdout: text,
    stderr: text,
    startedMs: 1,
    durationMs: 1,
  })),
  image: { ...base.image, packages: Object.fromEntries(hostileTexts.map((text) => [text, text])) },
  machine: { ...base.machine, acceleratorReason: hostileTexts.join(' '), command: ['qemu', ...hostileTexts] },
  proofs: failing.proofs.map((proof, index) => {
    const text = hostileTexts[index % hostileTexts.length] ?? '';
    const { probe } = proof;
    return {
      ...proof,
      probe: { ...probe, title: `${probe.title} ${text}`, hint: text, proves: [text] },
      expected: text,
      seen: text,
      reason: text,
      evidence: [{ source: text, text }],
    };
  }),
};

/** The console of a run, as the driver keeps it. */
export const consoleText = [
  'BdsDxe: loading Boot0001 "UEFI Misc Device" from PciRoot(0x0)/Pci(0x1E,0x0)/Pci(0x1,0x0)/Pci(0xA,0x0)',
  'BdsDxe: starting Boot0001 "UEFI Misc Device"',
  'EFI stub: Loaded initrd from LINUX_EFI_INITRD_MEDIA_GUID device path',
  '[    0.000000] Linux version 6.1.0-40-cloud-amd64 (debian-kernel@lists.debian.org)',
  '[    0.000000] Command line: initrd=\\EFI\\hl02\\initrd.img root=PARTLABEL=disk-main-root rw console=ttyS0',
  ...Array.from(
    { length: 60 },
    (_, index) =>
      `[    ${(0.1 + index * 0.08).toFixed(6)}] pci 0000:00:${index.toString(16).padStart(2, '0')}.0: [1af4:1001] type 00 class 0x010000`,
  ),
  '[\u001b[0;32m  OK  \u001b[0m] Started \u001b[0;1;39msshd.service\u001b[0m - OpenBSD Secure Shell server.',
  '[\u001b[0;32m  OK  \u001b[0m] Reached target \u001b[0;1;39mmulti-user.target\u001b[0m - Multi-User System.',
  '',
  'Debian GNU/Linux 12 hl02 ttyS0',
  '',
  'hl02 login: ',
].join('\r\n');

/** A small PNG: one grey pixel. */
export const screenshotPng = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
);

/** The events of a run that leads to a result, in the order in which a run tells them. */
export function eventsOf(result: RunResult): RunEvent[] {
  const events: { readonly atMs: number; readonly event: RunEvent }[] = [];
  const add = (event: RunEvent & { readonly atMs: number }) => events.push({ atMs: event.atMs, event });
  for (const { name: phase, startMs, endMs } of result.phases) {
    add({ type: 'phase-started', phase, atMs: startMs });
    if (phase === 'image' && !result.image.fromCache)
      for (const fraction of [0.1, 0.4, 0.9])
        add({
          type: 'phase-progress',
          phase,
          atMs: startMs + fraction * (endMs - startMs),
          detail: 'mmdebstrap: installing packages',
          fraction,
        });
    add({ type: 'phase-finished', phase, atMs: endMs, outcome: 'done', detail: `${phase} finished` });
  }
  for (const { name, startMs } of result.boot)
    add({ type: 'phase-progress', phase: 'boot', atMs: qemuStartMs + startMs, detail: name });
  for (const text of result.notes) add({ type: 'note', level: 'warning', text, atMs: 1_140 });
  for (const proof of result.proofs) {
    const startMs = qemuStartMs + proof.startedMs;
    if (proof.verdict !== 'refused') add({ type: 'probe-started', probe: proof.probe, atMs: startMs });
    add({ type: 'probe-finished', proof, atMs: startMs + proof.durationMs });
  }
  events.sort((a, b) => a.atMs - b.atMs);
  return [
    { type: 'run-started', host: result.host, test: result.test, probes },
    ...events.map(({ event }) => event),
    { type: 'run-finished', result },
  ];
}
