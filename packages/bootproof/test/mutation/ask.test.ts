import { expect, test } from 'vitest';
import { Scope } from '../../src/host/scope.ts';
import { askHealthy, askProbes } from '../../src/mutation/ask.ts';
import { judge } from '../../src/mutation/judge.ts';
import type { Mutation } from '../../src/mutation/mutation.ts';
import { commandOutput } from '../../src/probes/makers.ts';
import { fakeTarget } from '../probes/fake-target.ts';

const probe = commandOutput.probe({
  id: 'own/answer',
  params: { command: 'answer', output: '42' },
  proves: [],
  after: ['boot/multi-user'],
});
const mutation: Mutation = {
  id: 'answer',
  title: 'the answer is another one',
  fault: { type: 'running', command: 'true', via: 'agent' },
  expects: [{ probe, says: /^41$/ }],
};
const ask = (execute: () => object) =>
  askProbes([probe], fakeTarget({ execute }), { scope: new Scope(), now: () => 0, seconds: 0 });

test('a probe is asked without those that it comes after', async () => {
  const proofs = await ask(() => ({ stdout: '41\n' }));
  expect(judge(mutation, proofs, 0)).toMatchObject({ verdict: 'caught', detail: 'own/answer: 41' });
});

test('a probe that throws has caught nothing, and the reason is told', async () => {
  const proofs = await ask(() => {
    throw new Error('the agent is gone');
  });
  expect(judge(mutation, proofs, 0)).toMatchObject({
    verdict: 'survived',
    detail: 'own/answer was refused: could not be asked: the agent is gone',
  });
});

test('a healthy machine is asked eight at a time, and answers in the order of the probes', async () => {
  let [now, most] = [0, 0];
  const target = {
    ...fakeTarget({}),
    execute: async (command: string) => {
      now += 1;
      most = Math.max(most, now);
      // Others get as far as they can meanwhile.
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return { stdout: command, stderr: '', exitCode: 0 };
    },
  };
  const probes = Array.from({ length: 20 }, (_, index) =>
    commandOutput.probe({
      id: `own/${index}`,
      params: { command: `${index}`, output: `${index}` },
      proves: [],
    }),
  );
  const proofs = await askHealthy(probes, target, { scope: new Scope(), now: () => 0 });
  expect(proofs.map(({ probe: asked, verdict }) => `${asked.id} ${verdict}`)).toEqual(
    probes.map(({ id }) => `${id} passed`),
  );
  expect(most).toBe(8);
});
