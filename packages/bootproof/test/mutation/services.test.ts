import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openHomelab, planHosts } from '../../src/cli/homelab.ts';
import { deriveMutations } from '../../src/mutation/derive.ts';
import { commandOutput } from '../../src/probes/makers.ts';
import type { Probe } from '../../src/probes/probe.ts';
import { repository } from '../cli/command.ts';

const shell = promisify(execFile);
const hosts = ['svc02', 'svc03'];
const planned = await planHosts(hosts, await openHomelab({ config: join(repository, 'examples') }));

describe.each(planned.map(({ test: plan }) => [plan.hostName, plan] as const))('%s', (_, plan) => {
  const { mutations, untried } = deriveMutations(plan);

  test('has no probe that no mutation tries', () => {
    expect(untried.map(({ id }) => id)).toEqual([]);
  });

  const faults = plan.probes.flatMap(({ faults: own = [] }) => own);
  const brought = mutations.filter(({ id }) => faults.some((fault) => fault.id === id));

  test.each(brought.map(({ id, fault }) => [id, fault] as const))(
    '%s can be read by a shell',
    async (_id, fault) => {
      await shell('/bin/sh', ['-n', '-c', fault.type === 'running' ? fault.command : 'exit 1']);
    },
  );

  const asked = brought.flatMap(({ id, expects }) =>
    expects.flatMap(({ probe, says }) => {
      const healthy = outputOf(probe);
      return healthy === undefined ? [] : [[id, probe.id, says, healthy] as const];
    }),
  );

  test.each(asked)('%s is not what %s says of a healthy machine', (_id, _probe, says, healthy) => {
    expect(says.test(healthy)).toBe(false);
  });
});

/** What a probe says of a machine that is as declared, where its parameters tell. */
function outputOf({ kind, params }: Probe): string | undefined {
  if (kind === commandOutput.kind) return (params as { readonly output: string }).output;
  if (kind !== 'dns-answer') return undefined;
  const { code, data } = params as { readonly code: string; readonly data: string | null };
  return data === null ? code : `${code}, ${data}`;
}
