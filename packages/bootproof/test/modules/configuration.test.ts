import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/modules/evaluate.ts';
import { mkDefault, mkForce, mkIf } from '../../src/options/property.ts';
import { defineModule, surface } from './surface.ts';

const weak = defineModule({
  networking: { hostName: mkDefault('weak') },
  boot: { kernelParams: mkIf(false, ['x']) },
});
const strong = defineModule({
  description: 'A host.',
  imports: [weak],
  networking: { hostName: 'strong', firewall: { enable: mkForce(false) } },
  services: { openssh: { settings: { PermitRootLogin: 'no', MaxAuthTries: 3 } } },
  users: { users: { alice: { uid: 1000, extraGroups: ['wheel'] }, bob: {} } },
  boot: { sysctl: { 'vm.swappiness': 10 } },
});
const configuration = evaluate({
  options: surface,
  modules: [strong],
  root: new URL('.', import.meta.url).pathname,
});

describe('declared options', () => {
  it('are listed one by one, inside submodules too, with their patterns and values', () => {
    expect(configuration.declared().map(({ path, pattern, value }) => [path, pattern, value])).toEqual([
      ['networking.hostName', 'networking.hostName', 'strong'],
      ['networking.firewall.enable', 'networking.firewall.enable', false],
      ['services.openssh.settings.MaxAuthTries', 'services.openssh.settings.<name>', 3],
      ['services.openssh.settings.PermitRootLogin', 'services.openssh.settings.PermitRootLogin', 'no'],
      ['users.users.alice.uid', 'users.users.<name>.uid', 1000],
      ['users.users.alice.extraGroups', 'users.users.<name>.extraGroups', ['wheel']],
      ['users.users.bob', 'users.users.<name>', expect.objectContaining({ name: 'bob' })],
      ['boot.sysctl', 'boot.sysctl', { 'vm.swappiness': 10 }],
    ]);
  });

  it('carry the record of the option', () => {
    const sysctl = configuration.declared().find(({ path }) => path === 'boot.sysctl');
    expect(sysctl?.option.verdict).toEqual({ notRealised: 'the stand-in keeps its own settings' });
    const tries = configuration.declared().find(({ path }) => path.endsWith('MaxAuthTries'));
    expect(tries?.option.description).toBe('Lines of sshd_config.');
  });

  it('have their definitions with priority and place, those that lost too', () => {
    const [hostName, firewall] = configuration.declared();
    expect(hostName?.definitions.map(({ value, priority, wins }) => ({ value, priority, wins }))).toEqual([
      { value: 'weak', priority: 1000, wins: false },
      { value: 'strong', priority: 100, wins: true },
    ]);
    expect(hostName?.definitions.map((definition) => configuration.place(definition))).toEqual([
      `configuration.test.ts:${weak.line}`,
      `configuration.test.ts:${strong.line}`,
    ]);
    expect(firewall?.highestPrio).toBe(50);
  });
});

describe('a configuration', () => {
  it('reads at any path', () => {
    expect(configuration.get('networking.hostName')).toBe('strong');
    expect(configuration.peek('users.users.alice.uid')).toBe(1000);
    expect(configuration.peek('users.users.alice')).toMatchObject({ name: 'alice' });
    expect(configuration.peek('boot.sysctl."vm.swappiness"')).toBe(10);
    expect(configuration.peek('networking.none')).toBeUndefined();
    expect(configuration.peek('networking.hostName.none')).toBeUndefined();
  });

  it('tells what the owner set', () => {
    expect(configuration.isDefined('networking.hostName')).toBe(true);
    expect(configuration.isDefined('networking.fqdn')).toBe(false);
    expect(configuration.isDefined('boot.kernelParams')).toBe(false);
    expect(configuration.isDefined('services.openssh')).toBe(true);
    expect(configuration.isDefined('services.openssh.enable')).toBe(false);
    expect(configuration.definitions('users.users.alice.uid')).toHaveLength(1);
    expect(configuration.highestPrio('networking.fqdn')).toBe(1500);
    expect(configuration.highestPrio('networking.hostName')).toBe(100);
  });

  it('keeps its modules as they were declared, for emission', () => {
    expect(configuration.modules.map(({ description, imports }) => [description, imports.length])).toEqual([
      ['A host.', 1],
      [undefined, 0],
    ]);
    expect(configuration.modules[0]?.module).toBe(strong);
    expect(Object.keys(configuration.modules[0]?.definitions as object)).toEqual([
      'networking',
      'services',
      'users',
      'boot',
    ]);
  });

  it('is frozen, and does not freeze what the modules gave', () => {
    const list = ['a'];
    const { value } = evaluate({
      options: surface,
      modules: [defineModule({ boot: { kernelParams: list } })],
    });
    expect(Object.isFrozen(value.boot.kernelParams)).toBe(true);
    expect(Object.isFrozen(list)).toBe(false);
    expect(Object.isFrozen(configuration)).toBe(true);
    expect(() => Object.assign(configuration.value.networking, { hostName: 'x' })).toThrow(TypeError);
  });
});
