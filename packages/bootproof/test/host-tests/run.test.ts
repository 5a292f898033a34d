import { expect as check, describe, test as it } from 'vitest';
import { expect, machine } from '../../src/test.ts';
import { fakeTarget } from '../probes/fake-target.ts';
import { lineHere, observe, stepsOf } from './support.ts';

const active = { LoadState: 'loaded', ActiveState: 'active', SubState: 'running' };
const healthy = fakeTarget({
  units: { 'nginx.service': active },
  files: { '/etc/motd': 'hello\n' },
  execute: (command) =>
    command === 'false' ? { exitCode: 1, stderr: 'no such thing\n' } : { stdout: `ran ${command}\n` },
});
const here = 'run.test.ts';

describe('a test that holds', () => {
  it('passes with its steps as evidence: what, where, how long, what was seen', async () => {
    const observation = await observe(
      async () => {
        await expect(machine).toHaveUnit('nginx.service');
        expect(await machine.succeed('echo')).toContain('ran');
        await machine.execute('false');
      },
      { target: healthy },
    );
    check(observation).toMatchObject({ verdict: 'passed', seen: '3 assertions passed' });
    check(observation.reason).toBeUndefined();
    const steps = stepsOf(observation);
    check(steps).toHaveLength(4);
    check(steps[0]).toMatch(
      /^passed +\d\.\d s {2}run\.test\.ts:\d+ {2}nginx\.service is active -> loaded, active \(running\)$/,
    );
    check(steps[1]).toContain("machine.succeed('echo') -> exit status 0: ran echo");
    check(steps[2]).toContain("expect('ran echo\\n').toContain('ran')");
    check(steps[3]).toMatch(/^done .*machine\.execute\('false'\) -> exit status 1: no such thing$/);
  });

  it('knows its host, its files, its units and its console', async () => {
    const seen: unknown[] = [];
    const observation = await observe(
      async () => {
        seen.push(machine.hostName, machine.consoleText, await machine.readFile('/etc/motd'));
        seen.push(await machine.unitInfo('nginx.service'), await machine.fail('false'));
      },
      { target: { ...healthy, console: { text: () => 'hl02 login:' } } },
    );
    check(observation.verdict).toBe('passed');
    check(seen).toEqual(['hl02', 'hl02 login:', 'hello\n', active, 'no such thing\n']);
  });

  it('may catch what failed', async () => {
    const body = async () => {
      await machine.succeed('false').catch(() => undefined);
      await machine.succeed('true');
    };
    check(await observe(body, { target: healthy })).toMatchObject({ verdict: 'passed' });
  });
});

describe('a test that fails', () => {
  it('names what was expected and seen, the line, the last output, and shows the source', async () => {
    let line = 0;
    const observation = await observe(
      async () => {
        line = lineHere() + 1;
        await machine.succeed('false');
      },
      { target: healthy },
    );
    check(observation).toMatchObject({
      verdict: 'failed',
      expected: 'exit status 0',
      seen: 'exit status 1: no such thing',
    });
    check(observation.reason).toContain(`${here}:${line}: expected exit status 0 of: false`);
    const [output, source] = observation.evidence;
    check(output).toEqual({ source: 'false', text: 'no such thing' });
    check(source?.source).toBe(`${here}:${line}`);
    check(source?.text).toContain(`> ${line} |         await machine.succeed('false');`);
  });

  it.each([
    ['a value that is another', () => expect('a').toBe('b'), '"b"', '"a"'],
    ['a negation', () => expect('a').not.toBe('a'), 'not "a"', undefined],
    ['a list without it', () => expect([1]).toContain(2), '2', '[1]'],
    ['parts that differ', () => expect({ a: 1 }).toEqual({ a: 2 }), '{ a: 2 }', '{ a: 1 }'],
    [
      'what is no value',
      () => expect(undefined).toBeDefined(),
      'expect(received).toBeDefined()',
      'undefined',
    ],
  ])('with Jest’s matchers: %s', async (_name, assert, expected, seen) => {
    const observation = await observe(async () => {
      assert();
    });
    check(observation.verdict).toBe('failed');
    if (expected !== undefined) check(observation.expected).toBe(expected);
    if (seen !== undefined) check(observation.seen).toBe(seen);
    check(observation.reason).toMatch(/^run\.test\.ts:\d+, called from line \d+: expect\(received\)/);
    check(observation.evidence[0]?.source).toBe('expect');
    check(stepsOf(observation)[0]).toMatch(/^FAILED/);
  });

  it('with what stands for a value', async () => {
    const observation = await observe(async () => {
      expect({ a: 'one', b: 2 }).toEqual({ a: expect.stringContaining('on'), b: expect.any(Number) });
    });
    check(observation.verdict).toBe('passed');
  });

  it('of a wait that is none', async () => {
    const body = () => expect(machine).toListenOn(80, { timeoutSeconds: -1 });
    check(await observe(body)).toMatchObject({
      verdict: 'failed',
      seen: 'BootproofError: timeoutSeconds is -1.',
    });
  });

  it('asserts of promises too, when they are awaited', async () => {
    const fine = await observe(async () => {
      await expect(Promise.resolve(3)).resolves.toBe(3);
      await expect(Promise.reject(new Error('no'))).rejects.toThrow('no');
    });
    check(fine).toMatchObject({ verdict: 'passed', seen: '2 assertions passed' });
    const wrong = await observe(async () => {
      await expect(Promise.resolve(3)).resolves.toBe(4);
    });
    check(wrong).toMatchObject({ verdict: 'failed', expected: '4', seen: '3' });
  });

  it.each([
    ['an error', () => new TypeError('not a function'), 'TypeError: not a function'],
    ['a text', () => 'out', 'a string that was thrown: out'],
  ])('tells what a body threw: %s', async (_name, thrown, seen) => {
    const observation = await observe(() => {
      throw thrown();
    });
    check(observation).toMatchObject({ verdict: 'failed', expected: 'the test runs to its end', seen });
    check(observation.reason).toContain(seen);
  });

  it('names the line that threw', async () => {
    let line = 0;
    const observation = await observe(async () => {
      line = lineHere() + 1;
      throw new Error('out of cheese');
    });
    check(observation.reason).toBe(`${here}:${line}: Error: out of cheese`);
  });

  it('in a helper: names the line of the helper, and the one that called it, after a wait too', async () => {
    let [line, from] = [0, 0];
    const helper = async () => {
      await machine.succeed('true');
      line = lineHere() + 1;
      await machine.succeed('false');
    };
    const observation = await observe(
      async () => {
        from = lineHere() + 1;
        await helper();
      },
      { target: healthy },
    );
    check(observation.reason).toContain(`${here}:${line}, called from line ${from}: expected exit status 0`);
    const sources = observation.evidence.map(({ source }) => source);
    check(sources).toEqual(['false', `${here}:${line}`, `${here}:${from}`, 'steps']);
    check(stepsOf(observation)[1]).toContain(`${here}:${from}`);
  });

  it('is told the file that is absent', async () => {
    const observation = await observe(async () => {
      await machine.readFile('/nowhere');
    });
    check(observation).toMatchObject({ verdict: 'failed', expected: 'a file /nowhere', seen: 'absent' });
  });

  it('is one that asserts nothing', async () => {
    const observation = await observe(async () => {
      await machine.execute('true');
    });
    check(observation).toMatchObject({ verdict: 'failed', seen: 'nothing was asserted' });
  });
});

describe('what is not awaited', () => {
  it('fails the test with its line, however it would have ended', async () => {
    let line = 0;
    const observation = await observe(
      async () => {
        line = lineHere() + 1;
        void expect(machine).toHaveUnit('nginx.service');
        await machine.succeed('true');
      },
      { target: healthy },
    );
    check(observation).toMatchObject({ verdict: 'failed', seen: 'nginx.service is active: was not awaited' });
    check(observation.reason).toBe(
      `${here}:${line}: was not awaited when the test ended. Write await in front of it.`,
    );
  });

  it('is found in a helper that is called without await, although its own steps are awaited', async () => {
    const helper = async () => {
      await expect(machine).toHaveUnit('gone.timer', { state: 'inactive' });
    };
    const observation = await observe(async () => {
      await machine.succeed('true');
      void helper();
    });
    check(observation.verdict).toBe('failed');
    check(observation.seen).toBe('gone.timer is inactive: had not ended');
  });

  it('may be a step among several that are awaited together', async () => {
    const observation = await observe(
      async () => {
        await Promise.all([machine.succeed('true'), expect(machine).toHaveUnit('nginx.service')]);
      },
      { target: healthy },
    );
    check(observation).toMatchObject({ verdict: 'passed', seen: '2 assertions passed' });
  });

  it('fails the test when a promise is rejected that nobody awaits, and not the program', async () => {
    const observation = await observe(async () => {
      void (async () => {
        throw new Error('left alone');
      })();
      await new Promise(() => {});
    });
    check(observation).toMatchObject({ verdict: 'failed', seen: 'Error: left alone' });
  });
});

describe('what a test leaves behind', () => {
  it('fails it when an error is thrown in a timer, and not the program', async () => {
    const observation = await observe(async () => {
      setTimeout(() => {
        throw new Error('in a timer');
      }, 0);
      await new Promise(() => {});
    });
    check(observation).toMatchObject({ verdict: 'failed', seen: 'Error: in a timer' });
  });

  it('is part of its report when it was printed', async () => {
    const observation = await observe(async () => {
      // biome-ignore lint/suspicious/noConsole: what a homelab's test may do
      console.log('so far %d', 3);
      await machine.succeed('true');
    });
    check(stepsOf(observation)[0]).toBe('said     so far 3');
  });
});

describe('a test that does not end', () => {
  it('fails at its deadline, and says in which step it was and what that had seen', async () => {
    const observation = await observe(
      async () => {
        await expect(machine).toHaveUnit('slow.service', { timeoutSeconds: 60 });
      },
      {
        deadlineSeconds: 0.4,
        target: fakeTarget({
          units: { 'slow.service': { ...active, ActiveState: 'activating', SubState: 'start' } },
        }),
      },
    );
    check(observation.verdict).toBe('failed');
    check(observation.seen).toContain('loaded, activating (start)');
    check(observation.reason).toMatch(/within 0\.4 s/);
  });

  it('is ended when it waits for nothing of the machine’s', async () => {
    const observation = await observe(() => new Promise(() => {}), { deadlineSeconds: 0.2 });
    check(observation).toMatchObject({
      verdict: 'failed',
      expected: 'the test ends within 0.2 s',
      seen: 'it waits for something that is no step of it',
    });
  });

  it('is ended by an interruption', async () => {
    const interruption = new AbortController();
    const running = observe(() => new Promise(() => {}), {
      signal: interruption.signal,
      deadlineSeconds: 600,
    });
    interruption.abort(new Error('interrupted'));
    check((await running).seen).toBe('Error: interrupted');
  });

  it('is ended when the machine breaks down', async () => {
    const breakdown = { kind: 'kernel panic', detail: 'not syncing', lines: [] } as const;
    const observation = await observe(() => new Promise(() => {}), {
      deadlineSeconds: 600,
      target: fakeTarget({ boot: { breakdown } }),
    });
    check(observation).toMatchObject({
      verdict: 'failed',
      seen: 'the machine broke down: kernel panic: not syncing',
    });
  });

  it('asks the machine for nothing more once it has ended', async () => {
    const commands: string[] = [];
    let goOn = (): void => {};
    const ended = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const target = fakeTarget({
      execute: (command) => {
        commands.push(command);
        return {};
      },
    });
    await observe(
      async () => {
        await ended;
        await machine.succeed('too late');
      },
      { target, deadlineSeconds: 0.1 },
    );
    goOn();
    await new Promise(setImmediate);
    check(commands).toEqual([]);
  });
});

describe('several tests at once', () => {
  it('each asks its own machine', async () => {
    const seen = await Promise.all(
      ['a', 'b'].map((name) =>
        observe(
          async () => {
            await machine.succeed('true');
            expect(await machine.readFile('/etc/hostname')).toBe(name);
          },
          { target: fakeTarget({ files: { '/etc/hostname': name } }) },
        ),
      ),
    );
    check(seen.map(({ verdict }) => verdict)).toEqual(['passed', 'passed']);
  });

  it.each([
    ['machine.succeed()', () => machine.succeed('true')],
    ['machine.hostName', () => machine.hostName],
    ['expect(machine).toListenOn()', () => expect(machine).toListenOn(80)],
    ['expect()', () => expect(1).toBe(1)],
  ])('outside of a test there is no machine: %s', (words, use) => {
    check(use).toThrow(`${words} was used outside of a test.`);
  });
});
