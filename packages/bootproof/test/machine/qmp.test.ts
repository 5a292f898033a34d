import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deadline } from '../../src/host/deadline.ts';
import { Scope } from '../../src/host/scope.ts';
import { QmpClient, QmpError, type QmpEvent } from '../../src/machine/qmp.ts';
import { makePair, onJson, type Pair, say } from './support/peer.ts';

const greeting = {
  QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: 'Debian' }, capabilities: ['oob'] },
};
const soon = () => Deadline.after(30);
const later = () => Deadline.after(10_000);

let pair: Pair;
beforeEach(async () => {
  pair = await makePair();
});
afterEach(() => pair.close());

/** A QEMU that greets, takes the capabilities, and answers the rest as told. */
async function open(
  answer: (message: Record<string, unknown>) => void = () => undefined,
): Promise<QmpClient> {
  onJson(pair.theirs, (message) => {
    if (message['execute'] === 'qmp_capabilities') say(pair.theirs, { return: {}, id: message['id'] });
    else answer(message);
  });
  say(pair.theirs, greeting);
  return QmpClient.open(pair.ours, later(), new Scope());
}

describe('QmpClient', () => {
  it('greets and tells the version', async () => {
    expect((await open()).version).toBe('7.2.22 (Debian)');
  });

  it('gives each command its own answer, in whatever order they come', async () => {
    const held: Record<string, unknown>[] = [];
    const client = await open((message) => {
      held.push(message);
      if (held.length < 2) return;
      for (const { id, execute } of held.reverse()) say(pair.theirs, { id, return: execute });
    });
    expect(await Promise.all([client.execute('first'), client.execute('second')])).toEqual([
      'first',
      'second',
    ]);
  });

  it('hears events in the midst of answers, and answers in pieces', async () => {
    const events: QmpEvent[] = [];
    const client = await open(({ id }) => {
      const text = `{"event":"RESET","data":{"guest":true},"timestamp":{}}\r\n{"return":{"status":"running"},"id":${id}}\r\n`;
      for (const byte of text) pair.theirs.write(byte);
    });
    const stop = client.onEvent((event) => events.push(event));
    expect(await client.ask('query-status', v.object({ status: v.string() }))).toEqual({ status: 'running' });
    expect(events).toEqual([{ event: 'RESET', data: { guest: true } }]);
    stop();
    await client.execute('query-status');
    expect(events).toHaveLength(1);
  });

  it('tells what QEMU refuses, also when the refusal names no command', async () => {
    const error = { class: 'CommandNotFound', desc: 'The command nope has not been found' };
    const client = await open(({ id, execute }) =>
      say(
        pair.theirs,
        execute === 'nope' ? { id, error } : { error: { class: 'GenericError', desc: 'bad' } },
      ),
    );
    const refused = client.execute('nope');
    await expect(refused).rejects.toBeInstanceOf(QmpError);
    await expect(refused).rejects.toMatchObject({ errorClass: 'CommandNotFound' });
    await expect(refused).rejects.toThrow('QEMU refused nope: The command nope has not been found');
    await expect(client.execute('other')).rejects.toThrow('QEMU refused other: bad');
  });

  it('does not wait past a deadline, and takes no late answer for another', async () => {
    let first: unknown;
    const client = await open(({ id, execute }) => {
      if (execute === 'slow') first = id;
      else {
        say(pair.theirs, { id: first, return: 'late' });
        say(pair.theirs, { id, return: 'right' });
      }
    });
    await expect(client.execute('slow', {}, { deadline: soon() })).rejects.toThrow(
      'QEMU did not answer slow within 30 ms',
    );
    expect(await client.execute('quick')).toBe('right');
  });

  it('ends all waits when QEMU closes, and those that begin later', async () => {
    const client = await open(() => pair.theirs.destroy());
    const waits = await Promise.allSettled([client.execute('a'), client.execute('b')]);
    expect(waits.map((wait) => wait.status)).toEqual(['rejected', 'rejected']);
    await expect(client.execute('c')).rejects.toThrow('QEMU closed the monitor connection');
    expect(client.closedBy?.message).toBe('QEMU closed the monitor connection');
  });

  it("tells QEMU's death as the reason, although its socket closes first", async () => {
    const machine = new Scope();
    onJson(pair.theirs, ({ id, execute }) => {
      if (execute === 'qmp_capabilities') return void say(pair.theirs, { return: {}, id });
      pair.ours.once('close', () => setImmediate(() => machine.close(new Error('QEMU died'))));
      pair.theirs.destroy();
    });
    say(pair.theirs, greeting);
    const client = await QmpClient.open(pair.ours, later(), machine);
    await expect(client.execute('a')).rejects.toThrow('QEMU died');
  });

  it('ends when what comes is no QMP', async () => {
    const client = await open(() => pair.theirs.write('HTTP/1.1 400 Bad Request\r\n'));
    await expect(client.execute('a')).rejects.toThrow('the monitor connection does not speak QMP');
  });

  it('does not wait for a greeting that never comes, or is none', async () => {
    await expect(QmpClient.open(pair.ours, soon(), new Scope())).rejects.toThrow('did not greet');
    const other = await makePair();
    say(other.theirs, { hello: 'world' });
    await expect(QmpClient.open(other.ours, later(), new Scope())).rejects.toThrow('does not speak QMP');
    await other.close();
  });

  it('tells an answer of an unexpected shape', async () => {
    const client = await open(({ id }) => say(pair.theirs, { id, return: 7 }));
    await expect(client.human('info usernet')).rejects.toThrow(
      'QEMU answered human-monitor-command unexpectedly',
    );
  });
});
