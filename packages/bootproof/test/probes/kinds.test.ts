import { describe, expect, test } from 'vitest';
import { probeKinds } from '../../src/probes/catalogue.ts';
import { agentAddress, agentHostName, agentPing } from '../../src/probes/kinds/agent.ts';
import { bootLoader } from '../../src/probes/kinds/boot-loader.ts';
import { bootTarget } from '../../src/probes/kinds/boot-target.ts';
import { commandOutput } from '../../src/probes/kinds/command-output.ts';
import { consoleText } from '../../src/probes/kinds/console-text.ts';
import { device, driver } from '../../src/probes/kinds/device.ts';
import { dhcpAddress } from '../../src/probes/kinds/dhcp-address.ts';
import { fileLine } from '../../src/probes/kinds/file-line.ts';
import { hostName } from '../../src/probes/kinds/host-name.ts';
import { imageClean } from '../../src/probes/kinds/image-clean.ts';
import { kernelParameter } from '../../src/probes/kinds/kernel-parameter.ts';
import { listeningPort } from '../../src/probes/kinds/listening-port.ts';
import { filesystemSize, mount } from '../../src/probes/kinds/mount.ts';
import { partition } from '../../src/probes/kinds/partition.ts';
import { sshAnswers, sshMethods } from '../../src/probes/kinds/ssh.ts';
import { systemState } from '../../src/probes/kinds/system-state.ts';
import { unit } from '../../src/probes/kinds/unit.ts';
import { fakeTarget } from './fake-target.ts';

describe('unit', () => {
  const look = (properties: Record<string, string>) =>
    unit.observe(fakeTarget({ units: { 'sshd.service': properties } }), { unit: 'sshd.service' });

  test.each([
    ['active', { LoadState: 'loaded', ActiveState: 'active', SubState: 'running' }, 'passed'],
    ['still starting', { LoadState: 'loaded', ActiveState: 'activating', SubState: 'start' }, 'not yet'],
    ['inactive so far', { LoadState: 'loaded', ActiveState: 'inactive', SubState: 'dead' }, 'not yet'],
    [
      'failed',
      { LoadState: 'loaded', ActiveState: 'failed', SubState: 'failed', Result: 'exit-code' },
      'failed',
    ],
    ['masked', { LoadState: 'masked', ActiveState: 'inactive', SubState: 'dead' }, 'failed'],
    ['unknown to systemd', { LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead' }, 'failed'],
  ])('%s', async (_name, properties, verdict) => {
    expect(await look(properties)).toMatchObject({ verdict });
  });

  test('says why a unit failed', async () => {
    const { seen } = await look({
      LoadState: 'loaded',
      ActiveState: 'failed',
      SubState: 'failed',
      Result: 'timeout',
    });
    expect(seen).toBe('loaded, failed (failed), result timeout');
  });
});

describe('system-state', () => {
  const look = (stdout: string, check: 'running' | 'no failed unit') =>
    systemState.observe(fakeTarget({ execute: () => ({ stdout }) }), { check });

  test('running', async () => {
    expect(await look('SystemState=running\nNFailedUnits=0\n', 'running')).toMatchObject({
      verdict: 'passed',
    });
  });
  test('waits while it starts', async () => {
    expect(await look('SystemState=starting\nNFailedUnits=0\n', 'no failed unit')).toMatchObject({
      verdict: 'not yet',
    });
  });
  test('degraded fails both checks and names the unit', async () => {
    const stdout = 'SystemState=degraded\nNFailedUnits=1\nbroken.service loaded failed failed Broken\n';
    expect(await look(stdout, 'running')).toMatchObject({
      verdict: 'failed',
      seen: 'degraded (failed: broken.service)',
    });
    expect(await look(stdout, 'no failed unit')).toMatchObject({
      verdict: 'failed',
      seen: 'failed: broken.service',
    });
  });
  test('no answer proves nothing', async () => {
    expect(await look('', 'no failed unit')).toMatchObject({ verdict: 'failed' });
  });
});

describe('boot-target', () => {
  const params = { target: 'multi-user.target' };

  test('without a way in it waits, and says how far the machine came', async () => {
    const target = fakeTarget({
      boot: { marks: ['firmware', 'kernel'], shell: undefined, waysSeen: ['ssh: refused'] },
    });
    expect(await bootTarget.observe(target, params)).toMatchObject({
      verdict: 'not yet',
      seen: 'came as far as: kernel; no way in; ssh: refused',
    });
  });
  test('a panic is final, with the lines that tell', async () => {
    const breakdown = {
      kind: 'kernel panic',
      detail: 'VFS: Unable to mount root fs',
      lines: ['Kernel panic - not syncing'],
    } as const;
    const observation = await bootTarget.observe(
      fakeTarget({ boot: { breakdown, shell: undefined } }),
      params,
    );
    expect(observation).toMatchObject({
      verdict: 'failed',
      seen: 'kernel panic: VFS: Unable to mount root fs',
    });
    expect(observation.evidence[0]?.text).toContain('not syncing');
  });
  test('with a way in it asks systemd', async () => {
    const up = fakeTarget({ units: { 'multi-user.target': { LoadState: 'loaded', ActiveState: 'active' } } });
    expect(await bootTarget.observe(up, params)).toMatchObject({ verdict: 'passed' });
    const coming = fakeTarget({
      units: { 'multi-user.target': { LoadState: 'loaded', ActiveState: 'inactive' } },
    });
    expect(await bootTarget.observe(coming, params)).toMatchObject({ verdict: 'not yet' });
  });
});

test('boot-loader compares the loader and the partition that it was started from', async () => {
  const params = { loader: 'systemd-boot', partition: '/dev/vda1' };
  const look = (stdout: string) => bootLoader.observe(fakeTarget({ execute: () => ({ stdout }) }), params);
  expect(await look('systemd-boot 252.39\nABCD-01\nabcd-01\n')).toMatchObject({ verdict: 'passed' });
  expect(await look('systemd-boot 252.39\nABCD-01\nffff-02\n')).toMatchObject({ verdict: 'failed' });
  expect(await look('\n\nabcd-01\n')).toMatchObject({
    verdict: 'failed',
    seen: 'no LoaderInfo, from no LoaderDevicePartUUID',
  });
  expect(await look('grub 2\nABCD-01\nabcd-01\n')).toMatchObject({ verdict: 'failed' });
});

test('console-text looks for a line', async () => {
  const params = { pattern: '^hl02 login:', description: 'a login prompt for hl02' };
  expect(await consoleText.observe(fakeTarget({ console: 'Debian\nhl02 login: ' }), params)).toMatchObject({
    verdict: 'passed',
  });
  expect(await consoleText.observe(fakeTarget({ console: 'Debian\nother login: ' }), params)).toMatchObject({
    verdict: 'not yet',
    seen: 'last line: other login:',
  });
});

test('host-name wants both names', async () => {
  const look = (fixed: string, kernel: string) =>
    hostName.observe(fakeTarget({ files: { '/etc/hostname': fixed, '/proc/sys/kernel/hostname': kernel } }), {
      hostName: 'hl02',
    });
  expect(await look('hl02\n', 'hl02\n')).toMatchObject({ verdict: 'passed' });
  expect(await look('hl02\n', 'localhost\n')).toMatchObject({ verdict: 'failed', seen: 'hl02, localhost' });
  expect(await look('hl03\n', 'hl02\n')).toMatchObject({ verdict: 'failed' });
});

test('command-output compares what is printed, and an exit status speaks first', async () => {
  const params = { command: 'hostid', output: '92bbb1e6' };
  const look = (result: { stdout: string; exitCode?: number; stderr?: string }) =>
    commandOutput.observe(fakeTarget({ execute: () => result }), params);
  expect(await look({ stdout: '92bbb1e6\n' })).toMatchObject({ verdict: 'passed' });
  expect(await look({ stdout: '007f0101\n' })).toMatchObject({ verdict: 'failed', seen: '007f0101' });
  expect(await look({ stdout: '92bbb1e6', exitCode: 127, stderr: 'not found' })).toMatchObject({
    verdict: 'failed',
    seen: 'exit status 127: not found',
  });
});

describe('dhcp-address', () => {
  const address = (dynamic: boolean) =>
    JSON.stringify([
      {
        ifname: 'enp6s18',
        addr_info: [
          { local: '10.0.2.15', scope: 'global', ...(dynamic ? { dynamic, valid_life_time: 86000 } : {}) },
        ],
      },
    ]);
  const route = (protocol: string) =>
    JSON.stringify([{ dst: 'default', gateway: '10.0.2.2', dev: 'enp6s18', protocol }]);
  const look = (stdout: string) =>
    dhcpAddress.observe(fakeTarget({ execute: () => ({ stdout }) }), { nic: 'enp6s18' });

  test('a lease and its route', async () => {
    expect(await look(`${address(true)}\n${route('dhcp')}\n`)).toMatchObject({
      verdict: 'passed',
      seen: '10.0.2.15, default via 10.0.2.2',
    });
  });
  test('the same address, but static', async () => {
    expect(await look(`${address(false)}\n${route('static')}\n`)).toMatchObject({ verdict: 'not yet' });
  });
  test('a route of another origin', async () => {
    expect(await look(`${address(true)}\n${route('static')}\n`)).toMatchObject({ verdict: 'not yet' });
  });
  test('no address yet', async () => {
    expect(await look('[]\n[]\n')).toMatchObject({
      verdict: 'not yet',
      seen: 'no address; default routes: none',
    });
  });
});

test('listening-port reads both tables and only listeners', async () => {
  const files = {
    '/proc/net/tcp': '  sl  local_address rem_address   st\n   0: 0100007F:0CEA 00000000:0000 01 0\n',
    '/proc/net/tcp6':
      '  sl\n   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0\n',
  };
  expect(await listeningPort.observe(fakeTarget({ files }), { port: 22 })).toMatchObject({
    verdict: 'passed',
  });
  // 3306 is connected, not listening.
  expect(await listeningPort.observe(fakeTarget({ files }), { port: 3306 })).toMatchObject({
    verdict: 'not yet',
  });
});

test('ssh: a server that is not there yet is asked again, an open password login is final', async () => {
  const refusing = fakeTarget({
    ssh: { handshake: async () => Promise.reject(new Error('connection reset')) },
  });
  expect(await sshAnswers.observe(refusing, { port: 22 })).toMatchObject({
    verdict: 'not yet',
    seen: 'connection reset',
  });
  expect(await sshAnswers.observe(fakeTarget({}), { port: 22 })).toMatchObject({ verdict: 'passed' });
  const params = { port: 22, refused: ['password', 'keyboard-interactive'], offered: ['publickey'] };
  expect(await sshMethods.observe(fakeTarget({}), params)).toMatchObject({ verdict: 'passed' });
  const open = fakeTarget({ methods: ['publickey', 'password'] });
  expect(await sshMethods.observe(open, params)).toMatchObject({
    verdict: 'failed',
    seen: 'offers publickey, password',
  });
});

/** A clock that goes on by so many seconds from one look to the next. */
function clockThat(seconds: number): () => number {
  let now = -seconds * 1000;
  return () => {
    now += seconds * 1000;
    return now;
  };
}

test('agent: silence is asked again, and so is an answer that Proxmox does not wait for; another name is final, the address has to be the one that the NIC has', async () => {
  const silent = fakeTarget({ agent: { ping: async () => Promise.reject(new Error('no answer in 3 s')) } });
  expect(await agentPing.observe(silent, {})).toMatchObject({ verdict: 'not yet', seen: 'no answer in 3 s' });
  expect(await agentPing.observe(fakeTarget({}), {})).toMatchObject({ verdict: 'passed' });
  const late = (seconds: number) => agentPing.observe(fakeTarget({ now: clockThat(seconds) }), {});
  expect(await late(3)).toMatchObject({ verdict: 'passed', seen: 'answered' });
  expect(await late(3.2)).toMatchObject({ verdict: 'not yet', seen: 'answered after 3.2 s' });
  expect(await agentHostName.observe(fakeTarget({}), { hostName: 'hl03' })).toMatchObject({
    verdict: 'failed',
    seen: 'hl02',
  });
  const leased = {
    ifname: 'enp6s18',
    addr_info: [{ local: '10.0.2.15', scope: 'global', dynamic: true, valid_life_time: 9 }],
  };
  const up = fakeTarget({ execute: () => ({ stdout: JSON.stringify([leased]) }) });
  expect(await agentAddress.observe(up, { nic: 'enp6s18' })).toMatchObject({ verdict: 'passed' });
  const other = fakeTarget({
    execute: () => ({ stdout: JSON.stringify([leased]).replace('10.0.2.15', '10.0.2.16') }),
  });
  expect(await agentAddress.observe(other, { nic: 'enp6s18' })).toMatchObject({ verdict: 'not yet' });
});

test('device and driver', async () => {
  const params = { path: '/dev/virtio-ports/x', type: 'character' } as const;
  const there = fakeTarget({ execute: () => ({ stdout: 'present\ncrw------- /dev/virtio-ports/x\n' }) });
  expect(await device.observe(there, params)).toMatchObject({ verdict: 'passed' });
  const absent = fakeTarget({ execute: () => ({ stdout: "ls: cannot access '/dev/virtio-ports/x'\n" }) });
  expect(await device.observe(absent, params)).toMatchObject({ verdict: 'not yet' });

  const disk = { of: 'the disk', sysPath: '/sys/class/block/vda/device', driver: 'virtio_blk' };
  const bound = (stdout: string) => driver.observe(fakeTarget({ execute: () => ({ stdout }) }), disk);
  expect(await bound('../../bus/virtio/drivers/virtio_blk\n')).toMatchObject({ verdict: 'passed' });
  expect(await bound('../../bus/virtio/drivers/virtio_scsi\n')).toMatchObject({
    verdict: 'failed',
    seen: 'virtio_scsi',
  });
  expect(await bound('')).toMatchObject({ verdict: 'failed', seen: 'no driver' });
});

test('kernel-parameter wants the whole word', async () => {
  const look = (line: string) =>
    kernelParameter.observe(fakeTarget({ files: { '/proc/cmdline': line } }), { parameter: 'console=ttyS0' });
  expect(await look('root=LABEL=x console=ttyS0\n')).toMatchObject({ verdict: 'passed' });
  expect(await look('console=ttyS01 quiet\n')).toMatchObject({ verdict: 'failed' });
});

test('partition compares label, type, place and size', async () => {
  const params = {
    device: '/dev/vda2',
    label: 'disk-main-root',
    typeGuid: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
    start: 1050624,
    sectors: 66056192,
  };
  const udev = (label: string) =>
    `ID_PART_ENTRY_NAME=${label}\nID_PART_ENTRY_TYPE=0fc63daf-8483-4772-8e79-3d69d8477de4\nID_PART_ENTRY_OFFSET=1050624\nID_PART_ENTRY_SIZE=66056192\n`;
  const look = (stdout: string) => partition.observe(fakeTarget({ execute: () => ({ stdout }) }), params);
  expect(await look(udev('disk-main-root'))).toMatchObject({ verdict: 'passed' });
  expect(await look(udev('root'))).toMatchObject({ verdict: 'failed' });
  expect(await look(udev('disk-main-root').replace('66056192', '66056000'))).toMatchObject({
    verdict: 'failed',
  });
  expect(await look('')).toMatchObject({ verdict: 'failed' });
});

describe('mount', () => {
  const params = {
    mountpoint: '/boot',
    device: '/dev/vda1',
    format: 'vfat',
    label: 'disk-main-ESP',
    options: ['umask=0077'],
  };
  const healthy = {
    '/proc/self/mountinfo':
      '22 1 254:2 / / rw,relatime shared:1 - ext4 /dev/vda2 rw\n30 22 254:1 / /boot rw,relatime shared:2 - vfat /dev/vda1 rw,fmask=0077,dmask=0077,codepage=437\n',
    '/etc/fstab': '# file systems\n/dev/disk/by-partlabel/disk-main-ESP /boot vfat umask=0077 0 2\n',
  };
  const look = (files: Record<string, string>, link = '/dev/vda1') =>
    mount.observe(fakeTarget({ files, execute: () => ({ stdout: `${link}\n` }) }), params);

  test('as declared', async () => {
    expect(await look(healthy)).toMatchObject({ verdict: 'passed' });
  });
  test.each([
    ['another file system', '- vfat', '- ext4'],
    ['another device', '/dev/vda1 rw', '/dev/sda1 rw'],
    ['another mask', 'dmask=0077', 'dmask=0022'],
    ['not mounted', '/boot rw', '/mnt rw'],
    ['a mount that cannot be written to', '/boot rw', '/boot ro'],
    ['a file system that cannot be written to', '/dev/vda1 rw', '/dev/vda1 ro'],
  ])('%s fails', async (_name, from, to) => {
    const files = { ...healthy, '/proc/self/mountinfo': healthy['/proc/self/mountinfo'].replace(from, to) };
    expect(await look(files)).toMatchObject({ verdict: 'failed' });
  });
  test('mounted by another name than the label fails', async () => {
    const files = { ...healthy, '/etc/fstab': '/dev/vda1 /boot vfat umask=0077 0 2\n' };
    expect(await look(files)).toMatchObject({ verdict: 'failed' });
  });
  test('a label that leads to another device fails', async () => {
    expect(await look(healthy, '/dev/vdb1')).toMatchObject({ verdict: 'failed' });
  });
});

test('filesystem-size wants the partition filled', async () => {
  const look = (blocks: number) =>
    filesystemSize.observe(fakeTarget({ execute: () => ({ stdout: `4096 ${blocks}\n` }) }), {
      mountpoint: '/',
      bytes: 4096 * 1000,
    });
  expect(await look(980)).toMatchObject({ verdict: 'passed' });
  expect(await look(500)).toMatchObject({ verdict: 'failed' });
});

test('file-line compares words, not white space', async () => {
  const look = (text: string | undefined) =>
    fileLine.observe(fakeTarget({ files: text === undefined ? {} : { '/boot/loader/loader.conf': text } }), {
      path: '/boot/loader/loader.conf',
      line: 'timeout 1',
    });
  expect(await look('timeout  1\neditor no\n')).toMatchObject({ verdict: 'passed' });
  expect(await look('timeout 10\n')).toMatchObject({ verdict: 'failed', seen: 'timeout 10' });
  expect(await look(undefined)).toMatchObject({
    verdict: 'failed',
    seen: 'no file /boot/loader/loader.conf',
  });
});

test('image-clean passes only what was found clean', async () => {
  const clean = fakeTarget({});
  for (const check of [
    'no authorized key',
    'no login password',
    'no machine-id',
    'no SSH host key',
  ] as const) {
    expect(await imageClean.observe(clean, { check })).toMatchObject({ verdict: 'passed' });
  }
  const dirty = fakeTarget({
    image: {
      authorizedKeys: ['/root/.ssh/authorized_keys'],
      loginPasswords: ['root'],
      machineId: '0123456789abcdef0123456789abcdef\n',
      hostKeys: ['/etc/ssh/ssh_host_ed25519_key'],
    },
  });
  for (const check of [
    'no authorized key',
    'no login password',
    'no machine-id',
    'no SSH host key',
  ] as const) {
    expect(await imageClean.observe(dirty, { check })).toMatchObject({ verdict: 'failed' });
  }
});

test('image-clean lets what was declared be there, and nothing beside it', async () => {
  const params = { check: 'no login password', declared: ['alice'] } as const;
  const look = (loginPasswords: string[]) =>
    imageClean.observe(fakeTarget({ image: { authorizedKeys: [], hostKeys: [], loginPasswords } }), params);
  expect(imageClean.title(params)).toBe('the image carries no login password but the declared: alice');
  expect(await look(['alice'])).toMatchObject({ verdict: 'passed' });
  expect(await look([])).toMatchObject({ verdict: 'passed' });
  expect(await look(['alice', 'root'])).toMatchObject({ verdict: 'failed', seen: 'root' });
});

test('every kind is in the catalogue under its own name', () => {
  for (const [name, kind] of probeKinds) expect(kind.kind).toBe(name);
  expect(probeKinds.size).toBeGreaterThanOrEqual(22);
});
