import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Scope } from '../../src/host/scope.ts';
import { SnapshotMonitor } from '../../src/mutation/snapshot.ts';
import { onJson, say } from '../machine/support/peer.ts';

let monitor: SnapshotMonitor;
let qemu: Socket;
let path: string;
let heard: string[];
let answer: string;

beforeEach(async () => {
  [heard, answer] = [[], ''];
  monitor = await SnapshotMonitor.listen();
  path = /path=([^,]+)/.exec(monitor.qemuArguments.join(' '))?.[1] ?? '';
  qemu = connect(path);
  qemu.on('error', () => undefined);
  onJson(qemu, ({ execute, arguments: args, id }) => {
    const line = (args as Record<string, unknown>)['command-line'];
    if (typeof line === 'string') heard.push(line);
    say(qemu, { return: execute === 'human-monitor-command' ? answer : {}, id });
  });
  const version = { qemu: { major: 7, minor: 2, micro: 0 }, package: '' };
  say(qemu, { QMP: { version, capabilities: [] } });
});

afterEach(async () => {
  await monitor.close();
  qemu.destroy();
});

describe("a machine's snapshot", () => {
  test('is taken, and put back as often as is asked', async () => {
    await monitor.open(new Scope());
    await monitor.take();
    await monitor.restore();
    await monitor.restore();
    expect(heard).toEqual(['savevm mutation', 'loadvm mutation', 'loadvm mutation']);
  });

  test('that QEMU cannot take is an error in its words, with a hint', async () => {
    await monitor.open(new Scope());
    answer = "Error: Device 'drive-scsi1' is writable but does not support snapshots\r\n";
    await expect(monitor.take()).rejects.toMatchObject({
      message: expect.stringContaining("savevm mutation: Error: Device 'drive-scsi1'"),
      hint: expect.stringContaining('every disk'),
    });
  });

  test('ends with the machine, and nothing of it is left', async () => {
    const machine = new Scope();
    await monitor.open(machine);
    qemu.destroy();
    machine.close(new Error('QEMU ended'));
    await expect(monitor.restore()).rejects.toThrow('QEMU ended');
    await monitor.close();
    expect(existsSync(path)).toBe(false);
  });

  test('of a QEMU that never was is refused', async () => {
    const other = await SnapshotMonitor.listen();
    await expect(other.take()).rejects.toThrow('it is not connected');
    await other.close();
  });
});
