import { expect, test } from 'vitest';
import { Latch, offersOf } from '../../src/runner/offers.ts';

const open = Promise.resolve();
const shut = (reason: string) => {
  const way = Promise.reject(new Error(reason));
  way.catch(() => {});
  return way;
};

test('a shell is offered by whichever way opens, once the boot is over', async () => {
  const booted = new Latch();
  const offers = offersOf({ ssh: shut('SSH: refused'), agent: open, console: open }, booted.opened);
  let offered = false;
  const shell = offers('shell').then(() => {
    offered = true;
  });
  await offers('agent');
  await offers('hardware');
  expect(offered).toBe(false);
  booted.open();
  await shell;
  expect(offered).toBe(true);
});

test('without any way in, the reasons of all of them are told', async () => {
  const booted = new Latch();
  booted.open();
  const offers = offersOf(
    { ssh: shut('SSH: refused'), agent: shut('no channel'), console: open },
    booted.opened,
  );
  await expect(offers('shell')).rejects.toThrow('no way into the machine: SSH: refused; no channel');
  await expect(offers('ssh')).rejects.toThrow('SSH: refused');
});
