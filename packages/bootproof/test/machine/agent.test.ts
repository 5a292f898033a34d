import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Deadline } from '../../src/host/deadline.ts';
import { Scope } from '../../src/host/scope.ts';
import { Agent } from '../../src/machine/agent.ts';
import { AgentChannel, AgentError, AgentLost, AgentTimeout } from '../../src/machine/agent-channel.ts';
import { makePair, onJson, type Pair, say } from './support/peer.ts';

type Message = Record<string, unknown> & { arguments?: Record<string, unknown> };

let pair: Pair;
let channel: AgentChannel;
let agent: Agent;
let asked: string[];

beforeEach(async () => {
  pair = await makePair();
  channel = new AgentChannel(pair.ours, new Scope());
  agent = new Agent(channel);
  asked = [];
});
afterEach(async () => {
  channel.close();
  await pair.close();
});

const later = () => Deadline.after(10_000);

/** What a real agent says to the byte that comes before each sync: no valid JSON. */
const grumble = { error: { class: 'GenericError', desc: 'JSON parse error, Invalid JSON syntax' } };

function sync(message: Message): void {
  say(pair.theirs, grumble);
  pair.theirs.write(Buffer.of(0xff));
  say(pair.theirs, { return: message.arguments?.['id'] });
}

/** An agent that gets in step and answers the rest as told. */
function answers(answer: (message: Message) => void): void {
  onJson(pair.theirs, (message) => {
    const name = String(message['execute']);
    asked.push(name);
    if (name === 'guest-sync-delimited') sync(message);
    else answer(message);
  });
}

const returns = (value: unknown) => answers(() => say(pair.theirs, { return: value }));

describe('AgentChannel', () => {
  it('gets in step once, then only asks', async () => {
    returns({});
    await agent.ping();
    await agent.ping();
    expect(asked).toEqual(['guest-sync-delimited', 'guest-ping', 'guest-ping']);
  });

  it('answers calls made side by side in their order, one at a time', async () => {
    let open = 0;
    answers(({ execute }) => {
      open += 1;
      expect(open).toBe(1);
      setImmediate(() => {
        open -= 1;
        say(pair.theirs, { return: execute === 'guest-get-host-name' ? { 'host-name': 'hl02' } : {} });
      });
    });
    const [name] = await Promise.all([agent.hostName(), agent.ping(), agent.ping()]);
    expect(name).toBe('hl02');
  });

  it('understands answers in pieces', async () => {
    answers(() => {
      for (const byte of '{"return": {"host-name": "hl02"}}\n') pair.theirs.write(byte);
    });
    expect(await agent.hostName()).toBe('hl02');
  });

  it('drops what an earlier asker left in the channel', async () => {
    pair.theirs.write('{"return": {"host-name": "wrong"}}\n{"return": {"host-na');
    returns({ 'host-name': 'right' });
    expect(await agent.hostName()).toBe('right');
  });

  it('takes no late answer for the answer to the next question', async () => {
    let held: (() => void) | undefined;
    answers((message) => {
      if (!held) held = () => say(pair.theirs, { return: { 'host-name': 'late' } });
      else {
        expect(message['execute']).toBe('guest-get-host-name');
        say(pair.theirs, { return: { 'host-name': 'right' } });
      }
    });
    await expect(agent.hostName(Deadline.after(40))).rejects.toBeInstanceOf(AgentTimeout);
    const next = agent.hostName();
    held?.();
    expect(await next).toBe('right');
  });

  it('takes no late answer to an old sync for the new one', async () => {
    const ids: unknown[] = [];
    onJson(pair.theirs, (message: Message) => {
      if (message['execute'] !== 'guest-sync-delimited') return void say(pair.theirs, { return: {} });
      ids.push(message.arguments?.['id']);
      if (ids.length < 2) return;
      for (const id of ids) {
        pair.theirs.write(Buffer.of(0xff));
        say(pair.theirs, { return: id });
      }
    });
    const ping = agent.ping(later());
    // The guest opens its end: whatever was sent before may be lost, so it is asked again at once.
    channel.nudge();
    setImmediate(() => channel.nudge());
    await ping;
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('asks again by itself when the first sync is lost', async () => {
    let lost = 0;
    onJson(pair.theirs, (message: Message) => {
      if (message['execute'] !== 'guest-sync-delimited') say(pair.theirs, { return: {} });
      else if (lost++ > 0) sync(message);
    });
    await agent.ping(later());
    expect(lost).toBe(2);
  });

  it('lets nobody wait behind a silent agent past their own deadline', async () => {
    const first = agent.ping(Deadline.after(5000));
    first.catch(() => undefined);
    await expect(agent.ping(Deadline.after(30))).rejects.toThrow(
      'the guest agent did not answer guest-ping within 30 ms',
    );
  });

  it('tells what the agent refuses', async () => {
    answers(() =>
      say(pair.theirs, { error: { class: 'CommandNotFound', desc: 'Command guest-ping has been disabled' } }),
    );
    await expect(agent.ping()).rejects.toBeInstanceOf(AgentError);
    await expect(agent.ping()).rejects.toThrow('refused guest-ping: Command guest-ping has been disabled');
  });

  it('gets in step again after noise', async () => {
    let noisy = true;
    answers(() => {
      if (noisy) pair.theirs.write('%&/ noise\n');
      noisy = false;
      say(pair.theirs, { return: {} });
    });
    await agent.ping();
    await agent.ping();
    expect(asked).toEqual(['guest-sync-delimited', 'guest-ping', 'guest-sync-delimited', 'guest-ping']);
  });

  it('ends an open question when the guest closes its end, and goes on when it is back', async () => {
    let first = true;
    answers(() => {
      if (!first) return void say(pair.theirs, { return: {} });
      first = false;
      channel.lost();
    });
    await expect(agent.ping(later())).rejects.toBeInstanceOf(AgentLost);
    await agent.ping(later());
  });

  it('ends all waits when QEMU closes the channel', async () => {
    answers(() => pair.theirs.destroy());
    const waits = await Promise.allSettled([agent.ping(), agent.hostName()]);
    expect(waits.map((wait) => wait.status)).toEqual(['rejected', 'rejected']);
    await expect(agent.ping()).rejects.toThrow("QEMU closed the agent's channel");
  });
});

describe('Agent', () => {
  it('reads interfaces as Proxmox shows them', async () => {
    returns([
      { name: 'lo' },
      {
        name: 'ens18',
        'hardware-address': 'bc:24:11:00:00:01',
        'ip-addresses': [{ 'ip-address': '10.0.2.15', 'ip-address-type': 'ipv4', prefix: 24 }],
        statistics: { 'rx-bytes': 1 },
      },
    ]);
    expect(await agent.networkInterfaces()).toEqual([
      { name: 'lo', hardwareAddress: undefined, addresses: [] },
      {
        name: 'ens18',
        hardwareAddress: 'bc:24:11:00:00:01',
        addresses: [{ address: '10.0.2.15', family: 'ipv4', prefix: 24 }],
      },
    ]);
  });

  it('names the commands that the guest allows', async () => {
    returns({
      version: '7.2.22',
      supported_commands: [
        { name: 'guest-ping', enabled: true, 'success-response': true },
        { name: 'guest-exec', enabled: false, 'success-response': true },
      ],
    });
    expect(await agent.info()).toEqual({ version: '7.2.22', commands: ['guest-ping'] });
  });

  it('tells an answer of an unexpected shape', async () => {
    returns({ name: 'hl02' });
    await expect(agent.hostName()).rejects.toThrow('an unexpected answer');
  });

  it('runs a command, polls it and decodes its outputs', async () => {
    let polls = 0;
    answers(({ execute, arguments: args }) => {
      if (execute === 'guest-exec') {
        expect(args).toEqual({ path: 'setsid', arg: ['/bin/sh', '-c', 'echo hi'], 'capture-output': true });
        return void say(pair.theirs, { return: { pid: 42 } });
      }
      polls += 1;
      say(pair.theirs, {
        return:
          polls < 3
            ? { exited: false }
            : { exited: true, exitcode: 3, 'out-data': btoa('hi\n'), 'err-data': btoa('e') },
      });
    });
    expect(await agent.execute('echo hi')).toEqual({ stdout: 'hi\n', stderr: 'e', exitCode: 3 });
    expect(polls).toBe(3);
  });

  it('does without setsid where the guest has none, and tells a signal as a shell does', async () => {
    const paths: unknown[] = [];
    answers(({ execute, arguments: args }) => {
      if (execute !== 'guest-exec') return void say(pair.theirs, { return: { exited: true, signal: 9 } });
      paths.push(args?.['path']);
      const desc = 'Failed to execute child process “setsid” (No such file or directory)';
      say(
        pair.theirs,
        args?.['path'] === 'setsid' ? { error: { class: 'GenericError', desc } } : { return: { pid: 1 } },
      );
    });
    expect(await agent.execute('x')).toEqual({ stdout: '', stderr: '', exitCode: 137 });
    await agent.execute('x');
    expect(paths).toEqual(['setsid', '/bin/sh', '/bin/sh']);
  });

  it('kills a command that runs past its deadline', async () => {
    const killed = new Promise<unknown>((resolve) => {
      answers(({ execute, arguments: args }) => {
        if (execute === 'guest-exec-status') return void say(pair.theirs, { return: { exited: false } });
        say(pair.theirs, { return: { pid: 42 } });
        if (args?.['path'] === '/bin/sh') resolve(args['arg']);
      });
    });
    await expect(agent.execute('sleep 9', Deadline.after(50))).rejects.toThrow(
      'not done within 50 ms: sleep 9',
    );
    expect(await killed).toEqual(['-c', 'kill -9 -42']);
  });

  it('does not pass a cut output off as whole', async () => {
    answers(({ execute }) =>
      say(pair.theirs, {
        return: execute === 'guest-exec' ? { pid: 1 } : { exited: true, 'out-truncated': true },
      }),
    );
    await expect(agent.execute('x')).rejects.toThrow('cut the output');
  });

  it('reads a file to its end and closes it', async () => {
    const parts = ['one ', 'two'];
    answers(({ execute }) => {
      const part = parts[0] ?? '';
      if (execute === 'guest-file-open') say(pair.theirs, { return: 1000 });
      else if (execute === 'guest-file-close') say(pair.theirs, { return: {} });
      else {
        parts.shift();
        say(pair.theirs, { return: { count: part.length, 'buf-b64': btoa(part), eof: parts.length === 0 } });
      }
    });
    expect(String(await agent.readFile('/etc/x'))).toBe('one two');
    expect(asked.at(-1)).toBe('guest-file-close');
  });

  it('tells a file that is not there from one that cannot be read', async () => {
    let desc = "failed to open file '/x' (mode: 'r'): No such file or directory";
    answers(() => say(pair.theirs, { error: { class: 'GenericError', desc } }));
    expect(await agent.readFile('/x')).toBeUndefined();
    desc = 'Permission denied';
    await expect(agent.readFile('/x')).rejects.toThrow('Permission denied');
  });
});
