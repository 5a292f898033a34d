import { describe, expect, test } from 'vitest';
import { deriveMutations, selectMutations } from '../../src/mutation/derive.ts';
import type { BootFault, Mutation } from '../../src/mutation/mutation.ts';
import { shareBoots } from '../../src/mutation/run-boots.ts';
import { planHl02 } from '../plan/support.ts';
import { probe } from './support.ts';

const hl02 = await planHl02();
const { mutations, untried } = deriveMutations(hl02);
const byId = new Map(mutations.map((mutation) => [mutation.id, mutation]));

function mutationOf(id: string): Mutation {
  const found = byId.get(id);
  if (found === undefined) throw new Error(`no mutation ${id} among ${[...byId.keys()].join(', ')}`);
  return found;
}

const caughtBy = (id: string): string[] => mutationOf(id).expects.map((each) => each.probe.kind);

const bootFault = (id: string): BootFault => {
  const { fault } = mutationOf(id);
  if (fault.type !== 'boot') throw new Error(`${id} needs no boot`);
  return fault;
};

describe('the mutations of hl02', () => {
  test('are at least 25, each with a probe that is to catch it', () => {
    expect(mutations.length).toBeGreaterThanOrEqual(25);
    expect(byId.size).toBe(mutations.length);
    for (const { expects } of mutations) expect(expects).not.toEqual([]);
  });

  test('leave no probe untried', () => {
    expect(untried.map(({ id }) => id)).toEqual([]);
  });

  test.each([
    ['unit-masked/sshd.service', ['unit']],
    ['unit-failing/qemu-guest-agent.service', ['unit']],
    ['unit-stopped/qemu-guest-agent.service', ['unit', 'agent-ping']],
    ['unit-added/failed', ['system-state', 'system-state']],
    ['port-moved/22', ['listening-port', 'ssh-answers']],
    ['host-name/kernel', ['host-name', 'agent-host-name']],
    ['address-static/enp6s18', ['dhcp-address']],
    ['mount-covered/boot', ['mount', 'filesystem-size']],
    ['parameter-dropped/console=ttyS0', ['kernel-parameter', 'console-text']],
    ['disk-on-scsi', ['driver']],
    ['image-file/etc/machine-id', ['image-clean']],
  ])('%s is to be caught by %j', (id, kinds) => {
    expect(caughtBy(id)).toEqual(kinds);
  });

  test("faults of the agent leave SSH open, the network's leave the agent", () => {
    const agent = mutations.filter(({ id }) => id.includes('qemu-guest-agent.service'));
    expect(agent.length).toBeGreaterThan(0);
    for (const { fault } of agent) expect(fault).toMatchObject({ via: 'ssh' });
    expect(mutationOf('address-none/enp6s18').fault).toMatchObject({ via: 'agent' });
  });

  test('a way to log in is turned against what the configuration says', () => {
    const { fault, expects } = mutationOf('ssh-setting/PasswordAuthentication');
    expect(fault).toMatchObject({ command: expect.stringContaining("'PasswordAuthentication yes'") });
    const methods = expects.find((each) => each.probe.kind === 'ssh-methods');
    expect(methods?.says.test('offers publickey, password')).toBe(true);
    expect(methods?.says.test('offers publickey')).toBe(false);
  });
});

describe('what a healthy machine says is never what a mutant is to say', () => {
  test.each([
    ['unit-masked/sshd.service', 'loaded, active (running)'],
    ['unit-stopped/sshd.service', 'loaded, active (running)'],
    ['host-name/static', 'hl02, hl02'],
    ['host-name/kernel', 'hl02, hl02'],
    ['address-static/enp6s18', '10.0.2.15, default via 10.0.2.2'],
    ['mount-none/boot', 'vfat, /dev/vda1, /dev/disk/by-partlabel/disk-main-ESP, umask=0077'],
    ['mount-by-device/boot', 'vfat, /dev/vda1, /dev/disk/by-partlabel/disk-main-ESP, umask=0077'],
    ['loader-other', 'systemd-boot 252, from /dev/vda1'],
    ['loader-elsewhere', 'systemd-boot 252, from /dev/vda1'],
    ['port-moved/22', 'listeners on 22'],
    ['parameter-dropped/loglevel=4', 'root=PARTLABEL=disk-main-root ro console=ttyS0 loglevel=4'],
  ])('%s', (id, seen) => {
    expect(mutationOf(id).expects[0]?.says.test(seen)).toBe(false);
  });

  test('a port that only begins like the declared one is another', () => {
    const says = mutationOf('port-moved/22').expects[0]?.says;
    expect(says?.test('listeners on 2022')).toBe(true);
    expect(says?.test('listeners on 22, 2022')).toBe(false);
  });
});

describe('faults before a boot', () => {
  test('change what they are about and nothing else', () => {
    const dropped = bootFault('parameter-dropped/loglevel=4').change(hl02);
    expect(hl02.image.kernelParams).toContain('loglevel=4');
    expect(dropped.image.kernelParams).toEqual(
      hl02.image.kernelParams.filter((each) => each !== 'loglevel=4'),
    );
    expect({ ...dropped, image: hl02.image }).toEqual(hl02);
  });

  test('halve the root and leave the ESP', () => {
    const { partitions } = bootFault('partition-smaller/disk-main-root').change(hl02).image.disk;
    const [esp, root] = hl02.image.disk.partitions;
    expect(partitions[0]).toEqual(esp);
    expect(partitions[1]?.sectors).toBeLessThan((root?.sectors ?? 0) / 2 + 1);
  });

  test('hang the disk on SCSI, where it has another name', () => {
    const { hardware, image } = bootFault('disk-on-scsi').change(hl02);
    expect(hardware.vm.disks[0]).toMatchObject({ key: 'scsi0', bus: 'scsi' });
    expect(hl02.hardware.vm.bootIndexes).toMatchObject({ virtio0: expect.any(Number) });
    expect(hardware.vm.bootIndexes['scsi0']).toBe(hl02.hardware.vm.bootIndexes['virtio0']);
    expect(hardware.vm.bootIndexes).not.toHaveProperty('virtio0');
    expect(image.disk.device).toBe('/dev/sda');
  });

  test('share a boot, but for one that hides the others', () => {
    const boots = mutations.filter(
      (each): each is Mutation & { readonly fault: BootFault } => each.fault.type === 'boot',
    );
    const [shared, alone, ...more] = shareBoots(boots);
    expect(alone?.map(({ id }) => id)).toEqual(['disk-on-scsi']);
    expect(shared?.length).toBe(boots.length - 1);
    expect(more).toEqual([]);
  });
});

describe('other plans', () => {
  test('a probe of an unknown kind is named as untried', () => {
    const strange = probe('own/thing', { kind: 'own-kind' });
    const derived = deriveMutations({ ...hl02, probes: [strange] });
    expect(derived).toEqual({ mutations: [], untried: [strange] });
  });

  test('a probe brings faults of its own; one that two probes share is one, which both must catch', () => {
    const fault = {
      id: 'own/stop',
      title: 'it is stopped',
      commands: ['systemctl stop own'],
      via: 'ssh',
    } as const;
    const own = (id: string, seen: string) => probe(id, { kind: 'own-kind', faults: [{ ...fault, seen }] });
    const { mutations: derived, untried } = deriveMutations({
      ...hl02,
      probes: [own('own/a', '^inactive$'), own('own/b', 'no answer')],
    });
    expect(untried).toEqual([]);
    expect(derived).toMatchObject([
      {
        id: 'own/stop',
        title: 'it is stopped',
        fault: { type: 'running', via: 'ssh', command: expect.stringContaining('systemctl stop own') },
        expects: [{ says: /^inactive$/ }, { says: /no answer/ }],
      },
    ]);
  });

  test('a parameter that is not among those of the image cannot be dropped from it', () => {
    const derived = deriveMutations({
      ...hl02,
      probes: [probe('boot/x', { kind: 'kernel-parameter', params: { parameter: 'quiet' } })],
    });
    expect(derived.mutations).toEqual([]);
    expect(derived.untried.map(({ id }) => id)).toEqual(['boot/x']);
  });

  test('a glob takes those whose whole id matches, and its other signs for what they are', () => {
    const ids = (glob: string) => selectMutations(mutations, glob).map(({ id }) => id);
    expect(ids('unit-masked/*')).toEqual([
      'unit-masked/sshd.service',
      'unit-masked/qemu-guest-agent.service',
    ]);
    expect(ids('unit-masked/sshd.servic?')).toEqual(['unit-masked/sshd.service']);
    expect(ids('unit-masked/sshd')).toEqual([]);
    expect(ids('unit-masked/sshd+service')).toEqual([]);
  });
});
