import { describe, expect, it } from 'vitest';
import { DeclarationError } from '../../src/base/errors.ts';
import { defineModule, defineVm, makeTest, nix, probes } from '../../src/index.ts';
import { isTest, withProbes } from '../../src/plan/make-test.ts';
import type { Probe, ProbeFault } from '../../src/probes/probe.ts';
import { idsOf, planWith, probeOf } from './support.ts';

const ssh = { services: { openssh: { enable: true } } };

/** The faults of a plan; a plan without any fails the test. */
function faultsOf(plan: () => unknown) {
  try {
    plan();
  } catch (error) {
    if (error instanceof DeclarationError) return error.faults;
    throw error;
  }
  throw new Error('it has a plan');
}

describe('a plan', () => {
  it('is told from what only looks like one', () => {
    const test = planWith({});
    expect(isTest(test)).toBe(true);
    expect(isTest(JSON.parse(JSON.stringify(test)))).toBe(false);
    expect(isTest(undefined)).toBe(false);
  });

  it('has a way in by SSH on the first port, and none without a server', () => {
    expect(planWith({ services: { openssh: { enable: true, ports: [2222, 22] } } }).ssh).toEqual({
      guestPort: 2222,
    });
    expect(planWith({}).ssh).toBeUndefined();
  });

  it('has a probe only for what was declared', () => {
    const ids = idsOf(planWith({}));
    expect(ids.filter((id) => /^(openssh|qemuGuest)\//.test(id))).toEqual([]);
    expect(ids).not.toContain('boot/login-prompt');
    expect(ids).toContain('disko/mount-root');
  });

  it('has a port and a kernel parameter proven once that two modules name', () => {
    const role = () => defineModule({ ...ssh, boot: { kernelParams: ['quiet'] } });
    const twice = planWith({ imports: [role(), role()] });
    expect(idsOf(twice).filter((id) => /quiet|listens/.test(id))).toEqual([
      'boot/parameter-quiet',
      'openssh/listens-22',
    ]);
  });
});

describe('what Nix alone knows', () => {
  it('is listed as not provable with its text and its place, and no service falls over it', () => {
    const test = planWith({
      networking: { hostId: nix`builtins.substring 0 8 "92bbb1e6ff"`, domain: nix`"a"` },
      time: { timeZone: nix`"UTC"` },
      boot: { kernelParams: [nix`"quiet"`], loader: { timeout: nix`1` } },
      services: { openssh: { enable: true, ports: [nix`22`], settings: { LogLevel: nix`"INFO"` } } },
      users: { users: { alice: { isNormalUser: true, home: nix`"/h"` } } },
    });
    expect(test.notProvable.map(({ option }) => option).sort()).toEqual([
      'boot.kernelParams',
      'boot.loader.timeout',
      'networking.domain',
      'networking.hostId',
      'services.openssh.ports',
      'services.openssh.settings.LogLevel',
      'system.stateVersion',
      'time.timeZone',
      'users.users.alice.home',
    ]);
    expect(test.notProvable.find(({ option }) => option === 'boot.loader.timeout')).toEqual({
      option: 'boot.loader.timeout',
      files: [expect.stringMatching(/\/test\/plan\/[\w.-]+\.ts:\d+$/)],
      reason: 'its value is known to Nix only: nix`1`',
    });
    expect(idsOf(test)).not.toContain('networking/host-id');
    expect(JSON.parse(JSON.stringify(test))).toBeDefined();
  });

  // A raw value inside a submodule takes the place of the known ones beside it: knownValues gives the default of the
  // whole option. Take `.fails` off once it goes into submodules.
  it('leaves the settings beside it as they were declared', () => {
    const test = planWith({
      services: {
        openssh: { enable: true, settings: { PasswordAuthentication: false, LogLevel: nix`"INFO"` } },
      },
    });
    expect(probeOf(test, 'openssh/login-methods').params).toMatchObject({ refused: ['password'] });
  });

  it('leaves the rest of the disk as it was declared', () => {
    const content = { partitions: { root: { content: { extraArgs: [nix`"-O"`] } } } };
    const test = planWith({ disko: { devices: { disk: { main: { content } } } } } as never);
    expect(idsOf(test)).toContain('disko/mount-root');
  });
});

describe('what is outside the typed surface', () => {
  it('is listed as not provable, each option by its own path', () => {
    const test = planWith({
      freeform: { services: { tlp: { enable: true } }, hardware: { bluetooth: { enable: false } } },
    });
    expect(test.notProvable).toEqual([
      expect.objectContaining({ option: 'system.stateVersion' }),
      {
        option: 'services.tlp.enable',
        files: [expect.stringMatching(/\/test\/plan\/[\w.-]+\.ts:\d+$/)],
        reason: 'it is outside the typed surface, and so seen by Nix only',
      },
      expect.objectContaining({ option: 'hardware.bluetooth.enable' }),
    ]);
  });
});

describe('what the stand-in does not have', () => {
  it('is listed with the reason of the catalogue, and only when it was declared', () => {
    const options = (definitions: Parameters<typeof planWith>[0]) =>
      planWith(definitions).notRealised.map(({ option }) => option);
    expect(options({})).toEqual([]);
    expect(
      options({
        boot: { loader: { 'systemd-boot': { configurationLimit: 3 } } },
        services: { openssh: { startWhenNeeded: true } },
      }),
    ).toEqual(['boot.loader.systemd-boot.configurationLimit', 'services.openssh.startWhenNeeded']);
  });
});

describe('probes of the host’s own', () => {
  const own = (id: string) =>
    probes.unit.probe({ id, params: { unit: 'cron.service' }, proves: ['services.openssh.enable'] });

  it('come last and unchanged', () => {
    const test = planWith({}, { extraProbes: [own('own/cron')] });
    expect(test.probes.at(-1)).toEqual(own('own/cron'));
  });

  it('must have ids that no other probe has', () => {
    expect(() => planWith({}, { extraProbes: [own('own/cron'), own('own/cron')] })).toThrow('own/cron');
    expect(() => planWith({}, { extraProbes: [own('boot/multi-user')] })).toThrow('boot/multi-user');
  });

  it('may come later, as tests by hand do, and count as those that were there', () => {
    const plan = planWith({ services: { openssh: { enable: true } } });
    const source = (probe: Probe, file = 'a.test.ts:3') => ({
      probes: [probe],
      file,
      member: 'test()',
      builtIn: false,
    });
    const more = withProbes(plan, [source(own('tests/a/x'))]);
    expect(more.probes).toEqual([...plan.probes, own('tests/a/x')]);
    const shown = more.coverage.find(({ option }) => option === 'services.openssh.enable');
    expect(shown?.probes).toContain('tests/a/x');
    expect(isTest(more)).toBe(true);
    expect(withProbes(more, [source(own('tests/a/y'))]).probes.at(-1)?.id).toBe('tests/a/y');
    const wrong = { ...own('tests/a/z'), proves: ['services.opensh'] };
    const faults = faultsOf(() => withProbes(more, [source(own('tests/a/x'), 'b.test.ts:1'), source(wrong)]));
    expect(faults.map(({ files, option, value }) => [files, option, value])).toEqual([
      [['a.test.ts:3', 'b.test.ts:1'], 'test()', '"tests/a/x"'],
      [['a.test.ts:3'], 'test()', '"services.opensh"'],
    ]);
  });

  it('bring faults that can be told apart, and patterns that can be read', () => {
    const fault = {
      id: 'cron-off',
      title: 'cron is off',
      commands: ['systemctl stop cron'],
      seen: 'inactive',
    };
    const withFault = (id: string, more: Partial<ProbeFault>) => ({
      ...own(id),
      faults: [{ ...fault, ...more }],
    });
    const faults = faultsOf(() =>
      planWith(
        {},
        {
          extraProbes: [
            withFault('a', {}),
            withFault('b', { title: 'otherwise' }),
            withFault('c', { seen: '(' }),
          ],
        },
      ),
    );
    expect(faults.map(({ option, value }) => ({ option, value }))).toEqual([
      { option: 'extraProbes', value: '"cron-off"' },
      { option: 'extraProbes', value: '"("' },
    ]);
    const shared = [withFault('a', {}), withFault('b', { seen: 'gone' })];
    expect(planWith({}, { extraProbes: shared }).probes.slice(-2)).toEqual(shared);
  });
});

describe('a plan is refused', () => {
  const diskless = defineModule({ system: { stateVersion: '25.11' } });

  it('with the faults of the configuration and of the VM together', () => {
    const faults = faultsOf(() =>
      makeTest({
        host: {
          configuration: defineModule({ networking: { hostId: 'x' } }),
          vm: defineVm({ cores: 0 } as never),
        },
      }),
    );
    expect(faults.map(({ option }) => option)).toEqual(
      expect.arrayContaining(['networking.hostId', 'system.stateVersion', 'cores']),
    );
  });

  it('when there is no disk to boot from', () => {
    const vm = defineVm({ virtio0: { storage: 'local-lvm', size: '8G' } });
    expect(faultsOf(() => makeTest({ host: { configuration: diskless, vm } }))).toContainEqual(
      expect.objectContaining({ option: 'disko.devices.disk', reason: expect.stringContaining('no disk') }),
    );
  });
});
