import { listeningPort } from '../../src/probes/makers.ts';
import { expect, machine, test } from '../../src/test.ts';

/** What the compiler must accept and refuse in a homelab's tests. Compiled, never run. */

test('accepted', { proves: ['services.nginx.enable'], deadlineSeconds: 90, hint: 'look' }, async () => {
  await expect(machine).toHaveUnit('nginx.service', { state: 'failed', timeoutSeconds: 3 });
  await expect(machine).not.toListenOn(81);
  await expect(machine).toServe('http://a/', { status: 204, body: /x/, headers: { server: null } });
  await expect(machine).toPass(listeningPort, { port: 80 }, { timeoutSeconds: 5 });
  const printed: string = await machine.succeed('uname', { timeoutSeconds: 60 });
  const { exitCode }: { exitCode: number } = await machine.execute('uname');
  expect(printed).toBe('Linux\n');
  expect(exitCode).not.toBeGreaterThan(0);
  await expect(Promise.resolve(3)).resolves.toBe(3);
  expect({ a: 'x' }).toEqual({ a: expect.stringContaining('x') });
});
test('not even asynchronous', () => {});

export async function refused(): Promise<void> {
  // @ts-expect-error the machine is no value
  expect(machine).toBe(3);
  // @ts-expect-error a value is no machine
  expect('x').toHaveUnit('nginx.service');
  // @ts-expect-error a negation is not negated again
  expect(machine).not.not;
  // @ts-expect-error a port is a number
  await expect(machine).toListenOn('80');
  // @ts-expect-error no such wish
  await expect(machine).toServe('http://a/', { state: 204 });
  // @ts-expect-error no such state
  await expect(machine).toHaveUnit('nginx.service', { state: 'running' });
  // @ts-expect-error no such parameter of the kind
  await expect(machine).toPass(listeningPort, { ports: 80 });
  // @ts-expect-error a command is a text
  await machine.succeed(['uname']);
  // @ts-expect-error what a command prints is awaited
  machine.succeed('uname').trim();
  // @ts-expect-error the machine's name is read only
  machine.hostName = 'other';
}

// @ts-expect-error no such detail
test('x', { timeout: 3 }, () => {});
// @ts-expect-error a test has a body
test('x');
// @ts-expect-error a title is a text
test(Promise.resolve('x'), () => {});
