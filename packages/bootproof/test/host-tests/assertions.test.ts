import { expect as check, describe, test as it } from 'vitest';
import type { questions } from '../../src/host-tests/questions.ts';
import { metric } from '../../src/probes/makers.ts';
import type { Target } from '../../src/probes/target.ts';
import { expect, type MachineChecks, machine } from '../../src/test.ts';
import { fakeTarget } from '../probes/fake-target.ts';
import { observe } from './support.ts';

type Ask = (checks: MachineChecks) => Promise<void>;

const unit = (ActiveState: string, SubState = 'running', LoadState = 'loaded') => ({
  LoadState,
  ActiveState,
  SubState,
});
const says = (answers: Readonly<Record<string, string>>): Target =>
  fakeTarget({
    execute: (command) => {
      const found = Object.entries(answers).find(([part]) => command.includes(part));
      return found === undefined ? { exitCode: 1, stderr: 'not known' } : { stdout: found[1] };
    },
  });
const files = (texts: Readonly<Record<string, string>>): Target => fakeTarget({ files: texts });

const tcp = '  0: 00000000:0050 00000000:0000 0A 0';
const httpOk = 'HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\nhello you';
const mountinfo = '30 1 8:2 / /srv rw,relatime - ext4 /dev/vdb1 rw\n';
const ran =
  'LoadState=loaded\nActiveState=inactive\nSubState=dead\nResult=success\nExecMainStartTimestampMonotonic=5\nExecMainStatus=0';
const passwd = 'ann:x:1000:100:Ann:/home/ann:/bin/bash\n';
const groups = 'users:x:100:\nwheel:x:10:ann,bob\n';
/** NOERROR, one A record: 10.0.0.1. */
const dns =
  '62 70 81 80 00 01 00 01 00 00 00 00 01 61 00 00 01 00 01 c0 0c 00 01 00 01 00 00 00 3c 00 04 0a 00 00 01';

/** For each assertion a machine on which it holds, and one on which it does not. */
const cases: Readonly<Record<keyof typeof questions, readonly [yes: Target, no: Target, ask: Ask]>> = {
  toHaveUnit: [
    fakeTarget({ units: { 'a.service': unit('active') } }),
    fakeTarget({ units: { 'a.service': unit('failed', 'failed') } }),
    (to) => to.toHaveUnit('a.service', { timeoutSeconds: 0.2 }),
  ],
  toHaveRun: [
    says({ 'systemctl show': ran }),
    says({ 'systemctl show': ran.replaceAll('success', 'exit-code') }),
    (to) => to.toHaveRun('a.service', { timeoutSeconds: 0.2 }),
  ],
  toHaveNoFailedUnit: [
    says({ SystemState: 'SystemState=running\nNFailedUnits=0\n' }),
    says({ SystemState: 'SystemState=degraded\nNFailedUnits=1\na.service loaded failed failed A\n' }),
    (to) => to.toHaveNoFailedUnit({ timeoutSeconds: 0.2 }),
  ],
  toListenOn: [
    files({ '/proc/net/tcp': tcp }),
    files({ '/proc/net/tcp': '' }),
    (to) => to.toListenOn(80, { timeoutSeconds: 0.2 }),
  ],
  toAnswerFromOutside: [
    fakeTarget({ outside: { tcp: async () => 'answered' } }),
    fakeTarget({ outside: { tcp: async () => 'silent' } }),
    (to) => to.toAnswerFromOutside(80, { timeoutSeconds: 0.2 }),
  ],
  toAnswerPing: [
    says({ ping: 'answered\n169.254.77.1 dev x lladdr aa:bb' }),
    says({ ping: 'silent\n169.254.77.1 dev x lladdr aa:bb' }),
    (to) => to.toAnswerPing({ timeoutSeconds: 0.2 }),
  ],
  toServe: [
    says({ '/dev/tcp/127.0.0.1/8080': httpOk }),
    says({ '/dev/tcp/127.0.0.1/8080': httpOk.replace('hello', 'goodbye') }),
    (to) =>
      to.toServe('http://app.home.arpa:8080/a?b', {
        body: /^hello/,
        headers: { Server: 'nginx' },
        timeoutSeconds: 0.2,
      }),
  ],
  toHaveFile: [
    fakeTarget({
      files: { '/a': 'one\n' },
      execute: () => ({ stdout: '640 root +0 adm +4 regular file\n' }),
    }),
    fakeTarget({
      files: { '/a': 'two\n' },
      execute: () => ({ stdout: '640 root +0 adm +4 regular file\n' }),
    }),
    (to) => to.toHaveFile('/a', { text: 'one\n', mode: '0640', group: 'adm', timeoutSeconds: 0.2 }),
  ],
  toHaveFolder: [
    says({ stat: '755 root +0 root +0 directory\n' }),
    says({ stat: '755 root +0 root +0 regular file\n' }),
    (to) => to.toHaveFolder('/a', { timeoutSeconds: 0.2 }),
  ],
  toHaveLine: [
    files({ '/a': 'x  y\n' }),
    files({ '/a': 'x z\n' }),
    (to) => to.toHaveLine('/a', 'x y', { timeoutSeconds: 0.2 }),
  ],
  toHaveMount: [
    files({ '/proc/self/mountinfo': mountinfo }),
    files({ '/proc/self/mountinfo': mountinfo.replace('ext4', 'xfs') }),
    (to) => to.toHaveMount('/srv', { format: 'ext4', timeoutSeconds: 0.2 }),
  ],
  toHaveUser: [
    fakeTarget({
      files: { '/etc/passwd': passwd, '/etc/group': groups },
      execute: () => ({ stdout: 'ann\n' }),
    }),
    fakeTarget({ files: { '/etc/passwd': passwd, '/etc/group': '' }, execute: () => ({ stdout: 'ann\n' }) }),
    (to) => to.toHaveUser('ann', { uid: 1000, shell: 'bash', groups: ['wheel'], timeoutSeconds: 0.2 }),
  ],
  toHaveGroup: [
    files({ '/etc/group': groups }),
    files({ '/etc/group': 'wheel:x:10:bob\n' }),
    (to) => to.toHaveGroup('wheel', { members: ['ann'], timeoutSeconds: 0.2 }),
  ],
  toHaveHostName: [
    files({ '/etc/hostname': 'a\n', '/proc/sys/kernel/hostname': 'a\n' }),
    files({ '/etc/hostname': 'a\n', '/proc/sys/kernel/hostname': 'b\n' }),
    (to) => to.toHaveHostName('a', { timeoutSeconds: 0.2 }),
  ],
  toResolve: [
    says({ '/dev/tcp/127.0.0.1/53': dns }),
    says({ '/dev/tcp/127.0.0.1/53': dns.replace('0a 00 00 01', '0a 00 00 02') }),
    (to) => to.toResolve('a', { to: '10.0.0.1', timeoutSeconds: 0.2 }),
  ],
  toSucceed: [says({ true: '' }), says({}), (to) => to.toSucceed('true', { timeoutSeconds: 0.2 })],
  toPrint: [
    says({ uname: 'Linux 6.1\n' }),
    says({ uname: 'Plan 9\n' }),
    (to) => to.toPrint('uname', /^Linux \d/g, { timeoutSeconds: 0.2 }),
  ],
  toShowOnConsole: [
    fakeTarget({ console: 'hl02 login:' }),
    fakeTarget({ console: 'kernel' }),
    (to) => to.toShowOnConsole(/login:$/, { timeoutSeconds: 0.2 }),
  ],
  toPass: [
    says({ '/dev/tcp': 'HTTP/1.0 200 OK\r\n\r\nup 1\n' }),
    says({ '/dev/tcp': 'HTTP/1.0 200 OK\r\n\r\nup 0\n' }),
    (to) =>
      to.toPass(
        metric,
        { address: '127.0.0.1', port: 9100, metric: 'up', labels: [], value: 1 },
        { timeoutSeconds: 0.2 },
      ),
  ],
};

describe.each(Object.entries(cases))('%s', (_name, [yes, no, ask]) => {
  it('passes where it holds, and fails where it does not, with what was expected and seen', async () => {
    check(await observe(() => ask(expect(machine)), { target: yes })).toMatchObject({ verdict: 'passed' });
    const { verdict, expected, seen, reason } = await observe(() => ask(expect(machine)), { target: no });
    check({ verdict }).toEqual({ verdict: 'failed' });
    check(expected).not.toBe('');
    check(seen).not.toBe('');
    check(reason).toMatch(
      /^assertions\.test\.ts:\d+(, called from line \d+)?: .*(asked \d+ times?|by waiting)$/,
    );
  });

  it('the other way round after not', async () => {
    check(await observe(() => ask(expect(machine).not), { target: no })).toMatchObject({ verdict: 'passed' });
    const wrong = await observe(() => ask(expect(machine).not), { target: yes });
    check(wrong.verdict).toBe('failed');
    check(wrong.reason).toContain(': not: ');
  });
});

describe('an assertion', () => {
  it('waits until it holds', async () => {
    let looks = 0;
    const target = { ...fakeTarget({}), readFile: async () => (++looks > 6 ? tcp : '') };
    check(await observe(() => expect(machine).toListenOn(80), { target })).toMatchObject({
      verdict: 'passed',
    });
  });

  it('is not asked again of a unit that cannot become active', async () => {
    let looks = 0;
    const target = {
      ...fakeTarget({}),
      unitInfo: async () => {
        looks += 1;
        return unit('inactive', 'dead', 'masked');
      },
    };
    const observation = await observe(
      () => expect(machine).toHaveUnit('a.service', { timeoutSeconds: 600 }),
      {
        target,
        deadlineSeconds: 600,
      },
    );
    check(observation).toMatchObject({ verdict: 'failed', seen: 'masked, inactive (dead)' });
    check(looks).toBe(1);
  });

  it('is asked again when a look could not be made, and is not held by that, negated either', async () => {
    const target: Target = { ...fakeTarget({}), readFile: () => Promise.reject(new Error('no way in')) };
    const ask = () => expect(machine).not.toListenOn(80, { timeoutSeconds: 0.3 });
    const observation = await observe(ask, { target });
    check(observation).toMatchObject({ verdict: 'failed', seen: 'could not be asked: no way in' });
    check(observation.reason).toMatch(/asked [2-9] times$/);
  });

  it('fails with what was seen before when the last look gets no answer', async () => {
    let looks = 0;
    const target: Target = {
      ...fakeTarget({}),
      readFile: async () => (++looks <= 2 ? tcp : new Promise<undefined>(() => {})),
    };
    const ask = () => expect(machine).toListenOn(81, { timeoutSeconds: 0.3 });
    check(await observe(ask, { target })).toMatchObject({ verdict: 'failed', seen: 'listeners on 80' });
  });

  it('brings the evidence of its look', async () => {
    const ask = () => expect(machine).toPrint('uname', 'Linux', { timeoutSeconds: 0.1 });
    const { evidence } = await observe(ask, { target: says({ uname: 'Plan 9\n' }) });
    check(evidence[0]).toEqual({ source: 'uname', text: 'Plan 9' });
  });

  it.each([
    ['https://app.home.arpa/', 'speaks HTTP alone'],
    ['app.home.arpa', 'speaks HTTP alone'],
  ])('refuses a URL that it cannot ask for: %s', async (url, says) => {
    const observation = await observe(() => expect(machine).toServe(url));
    check(observation.verdict).toBe('failed');
    check(observation.seen).toContain(says);
    check(observation.reason).toMatch(/^assertions\.test\.ts:\d+(, called from line \d+)?: /);
  });

  it('sends a request to the address that the URL names, or that is told', async () => {
    const seen: string[] = [];
    const target = fakeTarget({
      execute: (command) => {
        seen.push(/\/dev\/tcp\/([^ ]+)/.exec(command)?.[1] ?? '');
        return { stdout: httpOk };
      },
    });
    const observation = await observe(
      async () => {
        await expect(machine).toServe('http://10.0.2.15/');
        await expect(machine).toServe('http://[::1]:81/');
        await expect(machine).toServe('http://app.home.arpa/', { at: '10.0.2.15' });
      },
      { target },
    );
    check(observation.verdict).toBe('passed');
    check(seen).toEqual(['10.0.2.15/80', '::1/81', '10.0.2.15/80']);
  });
});
