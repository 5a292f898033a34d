import { describe, expect, test } from 'vitest';
import { jailDerivers } from '../../src/mutation/derivers/jails.ts';
import { metricDerivers } from '../../src/mutation/derivers/metrics.ts';
import type { Sketch } from '../../src/mutation/mutation.ts';
import { fail2banJails, metric } from '../../src/probes/makers.ts';
import type { Probe } from '../../src/probes/probe.ts';
import { planHl02 } from '../plan/support.ts';

const plan = await planHl02();
const [jails] = jailDerivers;
const [metrics] = metricDerivers;

const sketchOf = (sketches: readonly Sketch[] | undefined, id: string): Sketch => {
  const found = sketches?.find((sketch) => sketch.id === id);
  if (found === undefined) throw new Error(`no sketch ${id}`);
  return found;
};

describe('jails of fail2ban', () => {
  const derived = (...names: string[]) =>
    jails?.derive(fail2banJails.probe({ id: 'jails', params: { jails: names }, proves: [] }), plan);

  test('are turned off one by one, and one is added', () => {
    expect(derived('sshd', 'web')?.map(({ id }) => id)).toEqual([
      'jail-off/sshd',
      'jail-off/web',
      'jail-added',
    ]);
    expect(sketchOf(derived('sshd'), 'jail-off/sshd').fault).toMatchObject({
      command: expect.stringContaining('fail2ban-client stop sshd'),
    });
  });

  test.each([
    ['jail-off/sshd', ['sshd'], 'no jail', 'sshd'],
    ['jail-off/sshd', ['sshd', 'sshd-ddos'], 'sshd-ddos', 'sshd-ddos, sshd'],
    ['jail-off/web', ['sshd', 'web'], 'sshd', 'no jail'],
    ['jail-added', ['sshd'], 'mutation, sshd', 'sshd'],
    ['jail-added', [], 'mutation', 'no jail'],
  ])('%s of %j shows as %s, and not as %s', (id, names, shown, other) => {
    const { says } = sketchOf(derived(...names), id);
    expect([says.test(shown), says.test(other)]).toEqual([true, false]);
  });
});

describe('metrics', () => {
  const derived = (name: string, labels: readonly string[]): readonly Sketch[] | undefined => {
    const params = { address: '127.0.0.1', port: 9100, metric: name, labels, value: 1 } as const;
    return metrics?.derive(metric.probe({ id: 'name', params, proves: [] }) as Probe, plan);
  };

  test('that name the machine show that the kernel has another name', () => {
    const { says } = sketchOf(derived('node_uname_info', ['nodename="box"']), 'host-name/kernel');
    expect(says.test('only node_uname_info{machine="x86_64",nodename="mutation",release="6"} 1')).toBe(true);
    expect(says.test('only node_uname_info{machine="x86_64",nodename="box",release="6"} 1')).toBe(false);
    expect(says.test('0 other node_uname_info')).toBe(false);
  });

  test.each([
    ['node_uname_info', []],
    ['up', ['nodename="box"']],
  ])('%s with %j says nothing of that', (name, labels) => {
    expect(derived(name, labels)).toEqual([]);
  });
});
