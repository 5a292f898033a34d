import { describe, expect, it } from 'vitest';
import { isOption, walkOptions } from '../../src/options/option.ts';
import { probeKinds } from '../../src/probes/catalogue.ts';
import { services, surface } from '../../src/services/catalogue.ts';
import { allProbes, guest, idsOf, isInSurface, valuesOf } from './support.ts';

/** Declarations in which different services have something to say. */
const declarations: Readonly<Record<string, Parameters<typeof valuesOf>[0]>> = {
  nothing: {},
  'everything that has probes': {
    networking: { hostName: 'box', hostId: '92bbb1e6', useDHCP: true },
    time: { timeZone: 'Europe/Berlin' },
    services: { openssh: { enable: true, ports: [22, 2222] }, qemuGuest: { enable: true } },
    boot: {
      kernelParams: ['console=ttyS0', 'quiet'],
      initrd: { availableKernelModules: ['virtio_blk'] },
      loader: { 'systemd-boot': { enable: true } },
    },
  },
  'SSH without a port of its own': { services: { openssh: { enable: true, ports: [] } } },
  'the same port and parameter from two modules': {
    services: { openssh: { enable: true, ports: [22, 22] } },
    boot: { kernelParams: ['quiet', 'quiet'] },
  },
  'a name that DHCP chooses': {
    networking: { hostName: '' },
    boot: { kernelParams: ['console=ttyS0'] },
    services: { qemuGuest: { enable: true } },
  },
};

describe('options', () => {
  const options = [...walkOptions(surface)].map(({ path, option }) => ({ path: path.join('.'), option }));

  it('are there, from every service', () => {
    expect(options.length).toBeGreaterThan(100);
    for (const service of services) {
      expect([...walkOptions(service.options)].length, service.name).toBeGreaterThan(0);
    }
  });

  it.each(options)('$path has a source and is described in whole sentences', ({ option }) => {
    expect(option.source).toMatch(/^(nixos\/modules\/[\w/.-]+\.nix|disko: lib\/types\/\w+\.nix)$/);
    expect(option.description).toMatch(/^[A-Z`].*\.$/);
    if (option.verdict !== 'provable') expect(Object.values(option.verdict).join()).toMatch(/\w{3}/);
  });

  it.each(options)('$path has a default and an example of its own type', ({ option }) => {
    for (const value of [option.default, option.example]) {
      if (value === undefined || typeof value === 'function') continue;
      expect(option.type.check(value)).toBeUndefined();
    }
  });

  it('have values when nobody defines anything, but for the release', () => {
    const required = options.filter(({ path, option }) => {
      // What a submodule requires is wanted only once there is one.
      const inSubmodule = options.some((other) => path.startsWith(`${other.path}.`));
      return !inSubmodule && !('default' in option) && option.type.empty === undefined;
    });
    expect(required.map(({ path }) => path)).toEqual(['system.stateVersion']);
    expect(valuesOf({}).networking.hostName).toBe('nixos');
  });
});

describe('services', () => {
  it('have names and descriptions that tell them apart', () => {
    const names = services.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { description } of services) expect(description).toMatch(/^[A-Z].*\.$/);
  });

  it('share no option, but may share sets of options', () => {
    for (const [name, member] of Object.entries(surface)) {
      const owners = services.filter((service) => name in service.options);
      if (isOption(member)) expect(owners, name).toHaveLength(1);
    }
  });
});

/** Probes of what a machine has to be whatever was declared. */
const aboutTheMachine =
  /^(boot\/(multi-user|system-state|no-failed-unit)|disko\/room-\w+|networking\/driver-\w+|openssh\/no-host-key|system\/(clock|no-machine-id)|users\/no-[\w-]+)$/;

describe.each(Object.entries(declarations))('the probes of %s', (_name, declaration) => {
  const hostName =
    declaration && 'networking' in declaration ? valuesOf(declaration).networking.hostName : 'box';
  const probes = allProbes(declaration, { ...guest, hostName });

  it('have ids of their own', () => {
    expect(new Set(idsOf(probes)).size, idsOf(probes).join('\n')).toBe(probes.length);
  });

  it('name options that exist', () => {
    expect(probes.length).toBeGreaterThan(0);
    for (const { id, proves } of probes) {
      // Only what no option declares is asked without one: that it boots at all, its hardware, a clean image, its clock, room.
      if (!aboutTheMachine.test(id)) expect(proves.length, id).toBeGreaterThan(0);
      for (const path of proves) expect(isInSurface(path), `${id} proves ${path}`).toBe(true);
    }
  });

  it('come after probes that exist, without a circle', () => {
    const byId = new Map(probes.map((probe) => [probe.id, probe]));
    const walk = (id: string, before: readonly string[]): void => {
      expect(before, 'a circle').not.toContain(id);
      const probe = byId.get(id);
      expect(probe, `${id}, before ${before.join(' ')}`).toBeDefined();
      for (const next of probe?.after ?? []) walk(next, [...before, id]);
    };
    for (const { id } of probes) walk(id, []);
  });

  it('are of kinds that exist, and worded whole', () => {
    for (const { id, kind, title, hint, deadlineSeconds } of probes) {
      expect(probeKinds.get(kind)?.kind, id).toBe(kind);
      expect(title, id).not.toMatch(/undefined|\[object|^\s|\s$/);
      expect(title.length, id).toBeGreaterThan(10);
      expect(hint, id).not.toBe('');
      expect(deadlineSeconds, id).toBeGreaterThan(0);
    }
  });
});

describe('isInSurface', () => {
  it('takes options, sets of them and named members, and nothing else', () => {
    expect(isInSurface('networking.hostName')).toBe(true);
    expect(isInSurface('users.users')).toBe(true);
    expect(isInSurface('disko.devices.disk.main.content.partitions.ESP')).toBe(true);
    expect(isInSurface('networking.hostNme')).toBe(false);
    expect(isInSurface('networking.hostName.more')).toBe(false);
  });
});
