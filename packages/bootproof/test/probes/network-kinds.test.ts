import { describe, expect, test } from 'vitest';
import { answersPing } from '../../src/probes/kinds/answers-ping.ts';
import { defaultRoute } from '../../src/probes/kinds/default-route.ts';
import { canonicalAddress, nicAddresses } from '../../src/probes/kinds/nic-addresses.ts';
import { outsideTcp } from '../../src/probes/kinds/outside-tcp.ts';
import { outsideUdp, udpReceived } from '../../src/probes/kinds/outside-udp.ts';
import { readResolver, resolver } from '../../src/probes/kinds/resolver.ts';
import type { Reception } from '../../src/probes/target.ts';
import { fakeTarget } from './fake-target.ts';

const answering = (stdout: string, exitCode = 0) => fakeTarget({ execute: () => ({ stdout, exitCode }) });

describe('outside-tcp', () => {
  const look = (receptions: Readonly<Record<number, Reception>>, exitCode = 0) => {
    const commands: string[] = [];
    const target = fakeTarget({
      execute: (command) => {
        commands.push(command);
        return { stdout: exitCode === 0 ? '' : 'the machine is still starting\n', exitCode };
      },
      outside: { tcp: async (port) => receptions[port] ?? 'silent' },
    });
    return {
      observation: outsideTcp.observe(target, { nic: 'enp6s18', open: [22, 80], closed: [8008] }),
      commands,
    };
  };

  test.each<[string, Readonly<Record<number, Reception>>, string]>([
    ['as declared', { 22: 'answered', 80: 'answered' }, 'passed'],
    ['an allowed port is dropped', { 22: 'answered' }, 'failed'],
    ['a port that is not allowed answers', { 22: 'answered', 80: 'answered', 8008: 'answered' }, 'failed'],
    ['a refusal, which a drop is not', { 22: 'answered', 80: 'answered', 8008: 'refused' }, 'not yet'],
    ['a listener that has gone', { 22: 'answered', 80: 'refused' }, 'not yet'],
  ])('%s', async (_name, receptions, verdict) => {
    expect(await look(receptions).observation).toMatchObject({ verdict });
  });

  test('gives each port a listener, and takes all of them away again', async () => {
    const { observation, commands } = look({ 22: 'answered', 80: 'answered' });
    await observation;
    expect(commands[0]).toContain('--listen="$address:8008"');
    expect(commands[0]).toContain('dev enp6s18');
    expect(commands.at(-1)).toMatch(/^systemctl stop .*bootproof-look-tcp-8008\.service/);
  });

  test.each([
    ['on every address', '00000000:1F48', true],
    ['on the address of a NIC', '0F02000A:1F48', true],
    ['on every address of IPv6', '00000000000000000000000000000000:1F48', true],
    ['on the loopback', '0100007F:1F48', false],
    ['on another address of the loopback', '0200007F:1F48', false],
    ['on the loopback of IPv6', '00000000000000000000000001000000:1F48', false],
    ['on another port', '00000000:1F49', false],
  ])('takes a listener for one that can be reached: %s', async (_name, local, reachable) => {
    const { observation, commands } = look({});
    await observation;
    const filters = /grep -vE '([^']+)' \| grep -qE '([^']+1F48[^']+)'/.exec(commands[0] ?? '');
    const width = local.indexOf(':');
    const row = `   1: ${local} ${'0'.repeat(width)}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9`;
    const [, excluded = '', wanted = ''] = filters ?? [];
    expect(wanted).not.toBe('');
    expect(!new RegExp(excluded).test(row) && new RegExp(wanted).test(row)).toBe(reachable);
  });

  test('waits for the machine to be up, and leaves nothing even then', async () => {
    const { observation, commands } = look({}, 1);
    expect(await observation).toMatchObject({ verdict: 'not yet', seen: 'the machine is still starting' });
    expect(commands.at(-1)).toMatch(/^systemctl stop/);
  });
});

describe('outside-udp', () => {
  const snmp = (datagrams: number, noPorts: number): string =>
    `Udp: InDatagrams NoPorts InErrors OutDatagrams\nUdp: ${datagrams} ${noPorts} 1 99\nUdpLite: InDatagrams\nUdpLite: 7\n`;

  test('counts what was read, what nobody listened for and what did not fit', () => {
    expect(udpReceived(snmp(3, 4))).toBe(8);
    expect(udpReceived('')).toBe(0);
  });

  /** A guest that hands on what is sent to these ports, and gets something of its own now and then. */
  const look = async (letIn: readonly number[], noise = 0) => {
    let received = 5;
    const target = {
      ...fakeTarget({
        outside: {
          udp: async (port, count) => {
            received += noise + (letIn.includes(port) ? count : 0);
          },
        },
      }),
      readFile: async () => snmp(0, received),
    };
    return (await outsideUdp.observe(target, { open: [53], closed: [54] })).verdict;
  };

  test('tells what came through from what was dropped', async () => {
    expect(await look([53])).toBe('passed');
    expect(await look([53], 2)).toBe('passed');
    expect(await look([53, 54])).toBe('not yet');
    expect(await look([])).toBe('not yet');
  });
});

describe('answers-ping', () => {
  const linked = '169.254.77.1 dev bp-ping1 lladdr 02:00:00:00:00:01 REACHABLE\n';

  test.each([
    ['answers, as declared', `answered\n${linked}`, true, 'passed'],
    ['answers, against it', `answered\n${linked}`, false, 'failed'],
    ['silent, as declared', `silent\n${linked}`, false, 'passed'],
    ['silent, against it', `silent\n${linked}`, true, 'failed'],
    ['silent on a dead link says nothing', 'silent\n169.254.77.1 dev bp-ping1 FAILED\n', false, 'not yet'],
  ])('%s', async (_name, stdout, answers, verdict) => {
    expect(await answersPing.observe(answering(stdout), { answers })).toMatchObject({ verdict });
  });

  test('a link that could not be made is no silence', async () => {
    expect(await answersPing.observe(answering('', 70), { answers: false })).toMatchObject({
      verdict: 'not yet',
    });
  });
});

describe('nic-addresses', () => {
  const link = JSON.stringify([
    {
      ifname: 'enp6s19',
      addr_info: [
        { local: '10.0.0.5', prefixlen: 24, scope: 'global' },
        { local: '10.0.2.15', prefixlen: 24, scope: 'global', dynamic: true },
        { local: 'fd00::5', prefixlen: 64, scope: 'global' },
        { local: 'fd00::6', prefixlen: 64, scope: 'global', tentative: true },
        { local: 'fe80::1', prefixlen: 64, scope: 'link' },
      ],
    },
  ]);
  const look = (addresses: readonly string[], lease: boolean | null = null, stdout = link) =>
    nicAddresses.observe(answering(stdout), { nic: 'enp6s19', addresses, lease });

  test.each([
    ['there', ['10.0.0.5/24', 'FD00:0::0005/64'], 'passed'],
    ['with another prefix', ['10.0.0.5/16'], 'not yet'],
    ['by a lease', ['10.0.2.15/24'], 'not yet'],
    ['tentative', ['fd00::6/64'], 'not yet'],
    ['absent', ['10.0.0.6/24'], 'not yet'],
  ])('%s', async (_name, addresses, verdict) => {
    expect(await look(addresses)).toMatchObject({ verdict });
  });

  test('a lease that is wanted, and one that is not', async () => {
    expect(await look([], true)).toMatchObject({ verdict: 'passed' });
    expect(await look([], false)).toMatchObject({ verdict: 'not yet' });
    expect(await look([], true, '[{"addr_info":[]}]')).toMatchObject({ verdict: 'not yet' });
  });

  test('no such NIC', async () => {
    const target = fakeTarget({
      execute: () => ({ exitCode: 1, stderr: 'Device "enp6s19" does not exist.' }),
    });
    const params = { nic: 'enp6s19', addresses: [], lease: false };
    expect(await nicAddresses.observe(target, params)).toMatchObject({
      verdict: 'not yet',
      seen: 'Device "enp6s19" does not exist.',
    });
  });

  test('addresses are compared as the kernel writes them', () => {
    expect(canonicalAddress('FD00:0:0::5')).toBe('fd00::5');
    expect(canonicalAddress('10.0.0.1')).toBe('10.0.0.1');
    expect(canonicalAddress('a:b')).toBe('a:b');
  });
});

describe('default-route', () => {
  const routes = JSON.stringify([
    { dst: 'default', gateway: '10.0.2.2', dev: 'enp6s18', protocol: 'dhcp', metric: 1024 },
    { dst: 'default', gateway: '10.0.0.1', dev: 'enp6s19', protocol: 'static', metric: 5 },
  ]);
  const look = (params: Partial<Parameters<typeof defaultRoute.observe>[1]>) =>
    defaultRoute.observe(answering(routes), {
      family: 'IPv4',
      gateway: '10.0.0.1',
      nic: null,
      metric: null,
      source: null,
      ...params,
    });

  test('among several that the kernel has put together', async () => {
    const nexthops = [
      { gateway: 'fe80::2', dev: 'enp6s18' },
      { gateway: 'fd00::1', dev: 'enp6s19' },
    ];
    const together = JSON.stringify([{ dst: 'default', protocol: 'static', metric: 1024, nexthops }]);
    const params = { family: 'IPv6', gateway: 'FD00::1', metric: null, source: null } as const;
    const observe = (nic: string) => defaultRoute.observe(answering(together), { ...params, nic });
    expect(await observe('enp6s19')).toMatchObject({ verdict: 'passed' });
    expect(await observe('enp6s18')).toMatchObject({ verdict: 'not yet' });
  });

  test.each([
    ['there', {}, 'passed'],
    ['with all that was declared', { nic: 'enp6s19', metric: 5 }, 'passed'],
    ['by DHCP', { gateway: '10.0.2.2' }, 'not yet'],
    ['over another NIC', { nic: 'enp6s18' }, 'not yet'],
    ['with another metric', { metric: 6 }, 'not yet'],
    ['without the source', { source: '10.0.0.5' }, 'not yet'],
  ])('%s', async (_name, params, verdict) => {
    expect(await look(params)).toMatchObject({ verdict });
  });
});

describe('resolver', () => {
  const text = '# made\ndomain home.arpa\nsearch a.lan b.lan\nnameserver 10.0.0.1\nnameserver 10.0.2.3\n';
  const look = (servers: readonly string[], search: readonly string[]) =>
    resolver.observe(fakeTarget({ files: { '/etc/resolv.conf': text } }), { servers, search });

  test('reads the last of search and domain, as the C library does', () => {
    expect(readResolver(text)).toEqual({ servers: ['10.0.0.1', '10.0.2.3'], search: ['a.lan', 'b.lan'] });
  });

  test.each([
    ['declared servers come first', ['10.0.0.1'], [], 'passed'],
    ['a declared server after another', ['10.0.2.3'], [], 'not yet'],
    ['search domains', [], ['b.lan'], 'passed'],
    ['a search domain that is not there', [], ['home.arpa'], 'not yet'],
  ])('%s', async (_name, servers, search, verdict) => {
    expect(await look(servers, search)).toMatchObject({ verdict });
  });

  test('no file', async () => {
    expect(await resolver.observe(fakeTarget({}), { servers: ['10.0.0.1'], search: [] })).toMatchObject({
      verdict: 'not yet',
    });
  });
});
