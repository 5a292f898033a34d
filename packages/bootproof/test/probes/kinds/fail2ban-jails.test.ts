import { expect, it } from 'vitest';
import { fail2banJails } from '../../../src/probes/kinds/fail2ban-jails.ts';
import { fakeTarget } from '../fake-target.ts';

const status = (jails: string) => ({ stdout: `Status\n|- Number of jail:\t2\n\`- Jail list:\t${jails}\n` });
const look = (result: object, jails: readonly string[]) =>
  fail2banJails.observe(fakeTarget({ execute: () => result }), { jails });

it.each([
  ['the jails, in any order', status('sshd, nginx'), ['nginx', 'sshd'], 'passed'],
  ['none, as declared', status(''), [], 'passed'],
  ['one too few', status('sshd'), ['nginx', 'sshd'], 'failed'],
  ['one too many', status('sshd, nginx'), ['sshd'], 'failed'],
  ['a server that does not answer yet', { exitCode: 255, stderr: 'no socket' }, ['sshd'], 'not yet'],
])('%s', async (_name, result, jails, verdict) => {
  expect(await look(result, jails)).toMatchObject({ verdict });
});
