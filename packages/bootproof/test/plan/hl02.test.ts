import { describe, expect, it } from 'vitest';
import { qemuArguments } from '../../src/hardware/qemu.ts';
import type { Test } from '../../src/index.ts';
import { coverageScore } from '../../src/plan/coverage.ts';
import { defaultWith, idsOf, planHl02, planHl02With, probeOf } from './support.ts';

const hl02 = await planHl02();
const partitions = 'disko.devices.disk.main.content.partitions';
const contentOf = (name: string) =>
  ['type', 'format', 'mountpoint', 'mountOptions'].map((each) => `${partitions}.${name}.content.${each}`);
const placeOf = (name: string) => [
  'disko.devices.disk.main.device',
  'disko.devices.disk.main.content.type',
  ...['size', 'type', 'label'].map((each) => `${partitions}.${name}.${each}`),
];
const agentOption = 'services.qemuGuest.enable';

/** What hl02 has to prove at least, and by which options. */
const wanted: Readonly<Record<string, { readonly proves: readonly string[]; readonly params?: object }>> = {
  // The boot chain.
  'boot/loader': {
    proves: ['boot.loader.systemd-boot.enable'],
    params: { loader: 'systemd-boot', partition: '/dev/vda1' },
  },
  'boot/multi-user': {
    proves: [],
    params: { target: 'multi-user.target' },
  },
  'boot/system-state': { proves: [], params: { check: 'running' } },
  'boot/no-failed-unit': {
    proves: [],
    params: { check: 'no failed unit' },
  },
  // The console.
  'boot/login-prompt': {
    proves: ['boot.kernelParams', 'networking.hostName'],
    params: { pattern: '^hl02 login:' },
  },
  // The names.
  'networking/host-name': { proves: ['networking.hostName'], params: { hostName: 'hl02' } },
  'networking/host-id': {
    proves: ['networking.hostId'],
    params: { command: 'hostid', output: '92bbb1e6' },
  },
  // The address. The name of the NIC is the one that Proxmox's q35 gives it.
  'networking/dhcp-enp6s18': { proves: ['networking.useDHCP'], params: { nic: 'enp6s18' } },
  // SSH.
  'openssh/unit': { proves: ['services.openssh.enable'], params: { unit: 'sshd.service' } },
  'openssh/listens-22': { proves: ['services.openssh.ports'], params: { port: 22 } },
  'openssh/answers-22': { proves: ['services.openssh.ports'], params: { port: 22 } },
  'openssh/setting-PermitRootLogin': {
    proves: ['services.openssh.settings.PermitRootLogin'],
    params: { setting: 'PermitRootLogin', words: ['prohibit-password'] },
  },
  'openssh/host-key-0': { proves: ['services.openssh.hostKeys'], params: { output: 'ED25519' } },
  'openssh/login-methods': {
    proves: [
      'services.openssh.settings.PasswordAuthentication',
      'services.openssh.settings.KbdInteractiveAuthentication',
    ],
    params: { refused: ['password', 'keyboard-interactive'], offered: ['publickey'] },
  },
  // The guest agent.
  'qemuGuest/channel': {
    proves: [agentOption],
    params: { path: '/dev/virtio-ports/org.qemu.guest_agent.0' },
  },
  'qemuGuest/unit': { proves: [agentOption], params: { unit: 'qemu-guest-agent.service' } },
  'qemuGuest/ping': { proves: [agentOption] },
  'qemuGuest/host-name': { proves: [agentOption], params: { hostName: 'hl02' } },
  'qemuGuest/address': { proves: [agentOption], params: { nic: 'enp6s18' } },
  // The disk.
  'disko/mount-root': {
    proves: contentOf('root'),
    params: { mountpoint: '/', device: '/dev/vda2', format: 'ext4', label: 'disk-main-root' },
  },
  'disko/size-root': { proves: [`${partitions}.root.size`], params: { mountpoint: '/' } },
  'disko/partition-root': { proves: placeOf('root'), params: { label: 'disk-main-root' } },
  'disko/partition-ESP': {
    proves: placeOf('ESP'),
    params: {
      typeGuid: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
      sectors: 1_048_576,
      label: 'disk-main-ESP',
    },
  },
  'disko/mount-ESP': {
    proves: contentOf('ESP'),
    params: { mountpoint: '/boot', device: '/dev/vda1', format: 'vfat', options: ['umask=0077'] },
  },
  // The kernel's command line and the drivers.
  'boot/parameter-console=ttyS0': {
    proves: ['boot.kernelParams'],
    params: { parameter: 'console=ttyS0' },
  },
  'boot/disk-driver': {
    proves: ['boot.initrd.availableKernelModules'],
    params: { of: '/dev/vda', driver: 'virtio_blk' },
  },
  'networking/driver-enp6s18': {
    proves: [],
    params: { of: 'enp6s18', driver: 'virtio_net' },
  },
  'qemuGuest/driver': { proves: [agentOption], params: { driver: 'virtio_console' } },
  // What every machine needs, whatever is declared.
  'system/clock': { proves: [] },
  'disko/room-root': { proves: [], params: { mountpoint: '/' } },
  'disko/room-ESP': { proves: [], params: { mountpoint: '/boot' } },
  'openssh/host-key-0-mode': {
    proves: ['services.openssh.hostKeys'],
    params: { mode: '600', user: 'root', group: 'root' },
  },
  // What the image must not carry.
  'users/no-authorized-key': { proves: [], params: { check: 'no authorized key' } },
  'users/no-login-password': { proves: [], params: { check: 'no login password' } },
  'system/no-machine-id': { proves: [], params: { check: 'no machine-id' } },
  'openssh/no-host-key': {
    proves: [],
    params: { check: 'no SSH host key' },
  },
};

/** Whether a value and all that is in it is frozen. */
const isDeepFrozen = (value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (Object.isFrozen(value) && Object.values(value).every(isDeepFrozen));

const argumentsOf = (test: Test): string[] =>
  qemuArguments({
    vm: test.hardware.vm,
    agentChannel: test.hardware.agentChannel,
    accelerator: 'tcg',
    sockets: { qmp: '/run/q', agent: '/run/a', console: '/run/c' },
    firmware: { code: '/fw/code.fd', vars: '/run/vars.fd' },
    disk: { key: 'virtio0', file: '/run/disk.qcow2', format: 'qcow2' },
    credentials: [],
  });

describe('the plan of hl02', () => {
  it('is named after the host', () => {
    expect(hl02).toMatchObject({ name: 'hl02-test', hostName: 'hl02', ssh: { guestPort: 22 } });
  });

  it('is frozen to its depth', () => {
    expect(isDeepFrozen(hl02)).toBe(true);
    expect(() => Object.assign(hl02.hardware.vm, { cores: 64 })).toThrow(TypeError);
  });

  it('is the same after a round trip through JSON', () => {
    expect(JSON.parse(JSON.stringify(hl02))).toEqual(withoutUndefined(hl02));
  });

  it('is the same each time that it is made', async () => {
    expect(JSON.stringify(await planHl02())).toBe(JSON.stringify(hl02));
  });

  it.each(Object.entries(wanted))('has %s', (id, { proves, params = {} }) => {
    const probe = probeOf(hl02, id);
    if (proves.length === 0) expect(probe.proves).toEqual([]);
    else expect(probe.proves).toEqual(expect.arrayContaining([...proves]));
    expect(probe.params).toMatchObject(params);
  });

  it('has the root fill what the ESP leaves of 32 GiB', () => {
    const { bytes } = probeOf(hl02, 'disko/size-root').params as { readonly bytes: number };
    expect(bytes / 2 ** 30).toBeCloseTo(31.5, 1);
  });

  it('waits for the device of the agent before its unit, and for that before a ping', () => {
    expect(probeOf(hl02, 'qemuGuest/unit').after).toContain('qemuGuest/channel');
    expect(probeOf(hl02, 'qemuGuest/ping').after).toContain('qemuGuest/unit');
  });

  it('names files as the homelab has them', () => {
    const files = [
      ...hl02.notRealised.flatMap((entry) => entry.files),
      ...hl02.notProvable.flatMap((entry) => entry.files),
      ...hl02.hardware.vm.files,
    ];
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) expect(file).toMatch(/^config\/(hosts\/hl02|roles\/[\w-]+)\/\w+\.ts(:\d+)?$/);
  });

  it('lists what the stand-in does not have, with where it was declared and why', () => {
    expect(hl02.notRealised).toContainEqual({
      option: 'nix.settings.experimental-features',
      files: [expect.stringMatching(/^config\/roles\/common\/default\.ts:\d+$/)],
      reason: 'the stand-in has no Nix',
    });
    expect(hl02.notRealised.map(({ option }) => option)).toEqual([
      'boot.loader.efi.canTouchEfiVariables',
      'nix.settings.experimental-features',
    ]);
    expect(hl02.notProvable.map(({ option }) => option)).toEqual([
      'disko.devices.disk.main.imageSize',
      'system.stateVersion',
    ]);
  });

  it('proves every option that could be proven, and lists the others with their reasons', () => {
    expect(coverageScore(hl02.coverage)).toBe(100);
    const others = hl02.coverage.filter(({ verdict }) => verdict !== 'proven');
    expect(others.map(({ option, verdict }) => [option, verdict])).toEqual([
      ['boot.loader.efi.canTouchEfiVariables', 'nixos only'],
      ['disko.devices.disk.main.imageSize', 'not provable'],
      ['system.stateVersion', 'not provable'],
      ['nix.settings.experimental-features', 'nixos only'],
    ]);
    for (const { option, reason } of others) expect(reason, option).toMatch(/\w{3}/);
  });

  it('proves no option by a probe about another', () => {
    const by = (option: string) => hl02.coverage.find((each) => each.option === option)?.probes;
    expect(by('networking.useDHCP')).toEqual(['networking/dhcp-enp6s18']);
    expect(by('services.openssh.hostKeys')).toEqual(['openssh/host-key-0', 'openssh/host-key-0-mode']);
    expect(by('boot.loader.systemd-boot.enable')).toEqual(['boot/loader']);
    expect(by('services.openssh.settings.PermitRootLogin')).toEqual(['openssh/setting-PermitRootLogin']);
    expect(by(`${partitions}.ESP.content.mountOptions`)).toEqual(['disko/mount-ESP']);
    expect(by(`${partitions}.root.size`)).toEqual(['disko/partition-root', 'disko/size-root']);
  });

  it('has the channel of the agent in its hardware', () => {
    expect(hl02.hardware.agentChannel).toBe(true);
    const line = argumentsOf(hl02).join(' ');
    expect(line).toContain('org.qemu.guest_agent.0');
    expect(line).toContain('virtio-serial');
  });

  it('has an image with the server, the agent, the firewall and ping, and no packages besides', () => {
    expect(hl02.image).toMatchObject({
      kind: 'stand-in',
      hostName: 'hl02',
      packages: ['iputils-ping', 'nftables', 'openssh-server', 'qemu-guest-agent'],
      kernelParams: ['console=ttyS0', 'loglevel=4'],
      loader: { type: 'systemd-boot', timeout: 1, editor: true, espMountpoint: '/boot' },
    });
  });
});

describe('hl02 without the guest agent', async () => {
  const without = await planHl02With({
    'hosts/hl02/default.ts': defaultWith('{ services: { qemuGuest: { enable: lib.mkForce(false) } } }'),
  });

  it('has no probe of the agent, and all others as they were', () => {
    expect(idsOf(without)).toEqual(idsOf(hl02).filter((id) => !id.startsWith('qemuGuest/')));
    expect(idsOf(without).length).toBeLessThan(idsOf(hl02).length);
  });

  it('has no channel in its hardware, and no agent in its image', () => {
    expect(without.hardware.agentChannel).toBe(false);
    const line = argumentsOf(without).join(' ');
    expect(line).not.toContain('virtio-serial');
    expect(line).not.toContain('org.qemu.guest_agent.0');
    expect(without.image.packages).toEqual(['iputils-ping', 'nftables', 'openssh-server']);
  });
});

describe('a copy of hl02', () => {
  it('without a test.ts has the same plan', async () => {
    const same = await planHl02With({ 'hosts/hl02/test.ts': null });
    expect(idsOf(same)).toEqual(idsOf(hl02));
  });

  // makeTest takes the homelab's folder from the test.ts that calls it; take `.fails` off once planHosts tells it.
  it('without a test.ts names files as the homelab has them', async () => {
    const same = await planHl02With({ 'hosts/hl02/test.ts': null });
    expect(same.notRealised).toEqual(hl02.notRealised);
  });

  it('names the places of raw Nix and of options outside the typed surface as the homelab has them', async () => {
    const { notProvable } = await planHl02With({
      'hosts/hl02/default.ts': `
import { defineModule, nix } from 'bootproof';
import configuration from './configuration.ts';
import disko from './disko.ts';
export default defineModule({
  imports: [configuration, disko],
  time: { timeZone: nix\`"UTC"\` },
  freeform: { services: { tlp: { enable: true } } },
});
`,
    });
    expect(notProvable.map(({ option, files }) => [option, ...files])).toEqual([
      ['time.timeZone', 'config/hosts/hl02/default.ts:7'],
      ['disko.devices.disk.main.imageSize', 'config/hosts/hl02/disko.ts:19'],
      ['system.stateVersion', 'config/hosts/hl02/configuration.ts:16'],
      ['services.tlp.enable', 'config/hosts/hl02/default.ts:8'],
    ]);
  });

  it('keeps a probe of its own, after those that follow from options', async () => {
    const test = await planHl02With({
      'hosts/hl02/test.ts': `
import { makeTest, probes } from 'bootproof';
import configuration from './default.ts';
import vm from './vm.ts';
export default makeTest({
  host: { configuration, vm },
  extraProbes: [
    probes.commandOutput.probe({
      id: 'own/kernel', params: { command: 'uname -s', output: 'Linux' },
      proves: ['boot.kernelParams'], after: ['boot/multi-user'],
    }),
  ],
});
`,
    });
    expect(idsOf(test)).toEqual([...idsOf(hl02), 'own/kernel']);
    expect(probeOf(test, 'own/kernel')).toMatchObject({ kind: 'command-output', after: ['boot/multi-user'] });
  });

  it('with its disk on scsi0 is refused: both files, how the disk appears, and both remedies', async () => {
    const error = await planHl02With({
      'hosts/hl02/vm.ts': `
import { defineVm } from 'bootproof';
import proxmoxVm from '../../roles/proxmox-vm/vm.ts';
export default defineVm({
  extends: [proxmoxVm], name: 'hl02', scsi0: { storage: 'local-lvm', size: '32G' }, net0: { model: 'virtio', bridge: 'vmbr0' },
});
`,
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      kind: 'declaration',
      faults: [
        {
          files: [expect.stringMatching(/^config\/hosts\/hl02\/disko\.ts:\d+$/), 'config/hosts/hl02/vm.ts'],
          option: 'disko.devices.disk.main.device',
          value: "'/dev/vda'",
          reason: expect.stringContaining('scsi0 appears as /dev/sda'),
          remedy: "Declare the device as '/dev/sda', or give the VM this disk as virtio0 in vm.ts.",
        },
      ],
    });
  });
});

/** JSON has no undefined: members of that value are absent there. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      member === undefined ? [] : [[name, withoutUndefined(member)]],
    ),
  );
}
