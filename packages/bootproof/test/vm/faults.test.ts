import { expect, test } from 'vitest';
import { byId, idsOf, planHl02, problems, run, temporaryFolder, withFiles } from './support.ts';

/** What ext3 knows of ext4's features: made so, the file system mounts as ext3. */
const ext3Features = 'none,has_journal,ext_attr,resize_inode,dir_index,filetype,sparse_super,large_file';

// Each machine here is not what its plan says. Faults that do not hide each other share a boot.

test('sshd masked, another host name, a static address, a failing unit: each is caught by its own probe', async () => {
  await using folder = await temporaryFolder();
  const healthy = await planHl02();
  const mask = (unit: string) =>
    ({ type: 'symlink', path: `/etc/systemd/system/${unit}`, target: '/dev/null' }) as const;
  const faulty = withFiles(healthy, [
    mask('ssh.service'),
    mask('sshd.service'),
    { type: 'file', path: '/etc/hostname', mode: 0o644, text: 'other\n' },
    {
      type: 'file',
      path: '/etc/systemd/network/10-static.network',
      mode: 0o644,
      text: '[Match]\nName=enp6s18\n\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n',
    },
    {
      type: 'file',
      path: '/etc/systemd/system/broken.service',
      mode: 0o644,
      text: '[Service]\nType=oneshot\nExecStart=/bin/false\n',
    },
    {
      type: 'symlink',
      path: '/etc/systemd/system/multi-user.target.wants/broken.service',
      target: '/etc/systemd/system/broken.service',
    },
  ]);
  const result = await run(faulty, folder.path);
  expect(result.verdict).toBe('not proven');
  expect(idsOf(result, 'failed'), problems(result)).toEqual([
    'boot/login-prompt',
    'boot/no-failed-unit',
    'boot/system-state',
    'networking/dhcp-enp6s18',
    'networking/host-name',
    'openssh/unit',
    'qemuGuest/host-name',
  ]);
  const proofs = byId(result);
  expect(proofs.get('openssh/unit')?.seen).toContain('masked');
  expect(proofs.get('networking/host-name')?.seen).toBe('other, other');
  expect(proofs.get('boot/no-failed-unit')?.seen).toContain('broken.service');
  expect(proofs.get('networking/dhcp-enp6s18')?.seen).toContain('static');
  // With SSH gone, all of this was seen through the guest agent.
  expect(result.commands.every(({ via }) => via === 'agent')).toBe(true);
  expect(idsOf(result, 'refused').every((id) => id.startsWith('openssh/'))).toBe(true);
});

test('agent masked, root of another type: caught, and seen over SSH', async () => {
  await using folder = await temporaryFolder();
  const healthy = await planHl02();
  const masked = withFiles(healthy, [
    { type: 'symlink', path: '/etc/systemd/system/qemu-guest-agent.service', target: '/dev/null' },
  ]);
  const { disk, kernelParams } = masked.image;
  const partitions = disk.partitions.map((partition) =>
    partition.content?.mountpoint === '/'
      ? { ...partition, content: { ...partition.content, extraArgs: ['-O', ext3Features] } }
      : partition,
  );
  const image = {
    ...masked.image,
    disk: { ...disk, partitions },
    kernelParams: [...kernelParams, 'rootfstype=ext3'],
  };
  const result = await run({ ...masked, image }, folder.path);
  expect(idsOf(result, 'failed'), problems(result)).toEqual(['disko/mount-root', 'qemuGuest/unit']);
  expect(byId(result).get('disko/mount-root')?.seen).toContain('ext3');
  expect(byId(result).get('qemuGuest/unit')?.seen).toContain('masked');
});

test("the agent's channel absent from the hardware", async () => {
  await using folder = await temporaryFolder();
  const healthy = await planHl02();
  const result = await run(
    { ...healthy, hardware: { ...healthy.hardware, agentChannel: false } },
    folder.path,
  );
  expect(idsOf(result, 'failed'), problems(result)).toEqual(['qemuGuest/channel']);
  expect(idsOf(result, 'refused').every((id) => id.startsWith('qemuGuest/'))).toBe(true);
});
