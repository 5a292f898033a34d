import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { defineModule } from '../../src/index.ts';
import { evaluate } from '../../src/modules/evaluate.ts';
import { coverageOf } from '../../src/plan/coverage.ts';
import { surface } from '../../src/services/catalogue.ts';
import type { Service } from '../../src/services/service.ts';
import { unbound } from '../../src/services/unbound.ts';
import { faultOf, fileAt, idsOf, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = unbound as unknown as Service;
const declared = (server: object = {}, more: object = {}) =>
  ({ services: { unbound: { enable: true, settings: { server }, ...more } } }) as never;
const file = '/etc/unbound/unbound.conf';
const lines = (server: object = {}, more: object = {}) =>
  linesAt(realisationOf(service, declared(server, more)), file).map((line) => line.trim());
const probes = (server: object = {}, more: object = {}) => probesOf(service, declared(server, more));

describe('the image', () => {
  it('has nothing of it when it is off', () => {
    expect([realisationOf(service, {}), probesOf(service, {})]).toEqual([{}, []]);
  });

  it('listens and answers on the loopback addresses alone when nothing is said, and checks DNSSEC', () => {
    const realised = realisationOf(service, { services: { unbound: { enable: true } } });
    expect(realised.packages).toEqual(['unbound', 'dns-root-data']);
    expect(linesAt(realised, file)).toEqual([
      'server:',
      '  directory: /var/lib/unbound',
      '  chroot: ""',
      '  pidfile: ""',
      '  do-daemonize: no',
      '  interface: 127.0.0.1',
      '  interface: ::1',
      '  access-control: 127.0.0.0/8 allow',
      '  access-control: ::1/128 allow',
      '  ip-freebind: yes',
      '  auto-trust-anchor-file: /var/lib/unbound/root.key',
    ]);
    expect(fileAt(realised, '/etc/systemd/system/multi-user.target.wants/unbound.service')).toBeDefined();
  });

  it('has what is declared in place of that', () => {
    const made = lines(
      { interface: '0.0.0.0', 'hide-version': true, 'num-threads': 2 },
      { enableRootTrustAnchor: false },
    );
    expect(made.filter((line) => line.startsWith('interface'))).toEqual(['interface: 0.0.0.0']);
    expect(made).toEqual(expect.arrayContaining(['hide-version: yes', 'num-threads: 2']));
    expect(made.some((line) => line.includes('trust-anchor'))).toBe(false);
  });

  it('defines tags before they are used', () => {
    expect(lines({ 'local-zone-tag': 'lan a', 'define-tag': '"a"' })[1]).toBe('define-tag: "a"');
  });

  it('has a clause of its own for each of a list', () => {
    const settings = {
      'forward-zone': [{ name: 'lan.', 'forward-addr': ['10.0.0.1', '10.0.0.2'] }, { name: '.' }],
      include: '/etc/unbound/more.conf',
    };
    const made = linesAt(realisationOf(service, declared({}, { settings })), file);
    expect(made.slice(made.indexOf('forward-zone:'))).toEqual([
      'forward-zone:',
      '  name: lan.',
      '  forward-addr: 10.0.0.1',
      '  forward-addr: 10.0.0.2',
      'forward-zone:',
      '  name: .',
      'include: /etc/unbound/more.conf',
    ]);
  });
});

describe('probes', () => {
  it('ask on every interface that the machine itself reaches', () => {
    expect(idsOf(probes({ interface: ['127.0.0.1@5300', '::', '::1'] }))).toEqual([
      'unbound/unit',
      'unbound/answers-127.0.0.1-5300',
      'unbound/answers-::1',
      'unbound/root-key',
    ]);
    const elsewhere = probes({ interface: ['127.0.0.1', '192.168.3.1'] });
    expect(probeOf(elsewhere, 'unbound/answers-127.0.0.1').proves).toEqual(['services.unbound.enable']);
  });

  it('ask for every name that it was given', () => {
    const made = probes({
      interface: '127.0.0.1',
      'local-data': ['"nas.lan. 300 IN A 10.0.0.2"', "'nas.lan AAAA FD00:0::2'", '"www.lan. CNAME nas.lan"'],
      'local-data-ptr': '"10.0.0.2 nas.lan"',
    });
    const asked = made
      .filter(({ id }) => /-data|unbound\/[A-Z]/.test(id))
      .map(({ params, proves }) => ({ ...(params as object), proves }));
    const at = { server: '127.0.0.1', port: 53, code: 'NOERROR' };
    const data = ['services.unbound.settings.server.local-data'];
    const pointer = ['services.unbound.settings.server.local-data-ptr'];
    expect(asked).toEqual([
      { ...at, name: 'nas.lan.', type: 'A', data: '10.0.0.2', proves: data },
      { ...at, name: 'nas.lan.', type: 'AAAA', data: 'fd00::2', proves: data },
      { ...at, name: 'www.lan.', type: 'CNAME', data: 'nas.lan.', proves: data },
      { ...at, name: '2.0.0.10.in-addr.arpa.', type: 'PTR', data: 'nas.lan.', proves: pointer },
    ]);
  });

  it('claim no list of which they cannot ask every item', () => {
    const made = probes({
      'local-data': ['"nas.lan. IN A 10.0.0.2"', '"lan. IN MX 10 mail.lan."'],
      'local-zone': ['"a.lan." static', '"b.lan." redirect'],
    });
    const claims = made.flatMap(({ proves }) => proves);
    expect(claims.filter((path) => /local-(data|zone)/.test(path))).toEqual([]);
  });

  it.each([
    ['"lan." static', 'NXDOMAIN'],
    ['lan. always_refuse', 'REFUSED'],
  ])('ask the zone %s for a name that it lacks', (zone, code) => {
    expect(probeOf(probes({ 'local-zone': [zone] }), 'unbound/zone-lan.').params).toMatchObject({
      name: 'no-such-name.lan.',
      code,
    });
  });

  it('let Unbound itself say how it reads a switch, a number or a network, and nothing that it rewrites', () => {
    const made = probes({
      'access-control': ['127.0.0.0/8 allow', '10.0.0.0/8 refuse'],
      'hide-version': true,
      'msg-cache-size': '4m',
      'outgoing-port-permit': 4000,
    });
    expect(idsOf(made).filter((id) => id.startsWith('unbound/reads-'))).toEqual([
      'unbound/reads-access-control',
      'unbound/reads-hide-version',
    ]);
    expect(probeOf(made, 'unbound/reads-access-control').params).toEqual({
      command: 'unbound-checkconf -o access-control /etc/unbound/unbound.conf | LC_ALL=C sort',
      output: '10.0.0.0/8 refuse\n127.0.0.0/8 allow',
    });
  });

  it('prove each setting by itself', () => {
    const module = declared({ interface: ['127.0.0.1'], 'hide-version': true, 'msg-cache-size': '4m' });
    const configuration = evaluate({
      options: surface,
      modules: [defineModule({ system: { stateVersion: '25.11' } }), defineModule(module)],
    });
    const verdicts = coverageOf(configuration, probesOf(service, module))
      .filter(({ option }) => option.startsWith('services.unbound'))
      .map(({ option, verdict }) => [option, verdict]);
    expect(Object.fromEntries(verdicts)).toEqual({
      'services.unbound.enable': 'proven',
      'services.unbound.settings.server.interface': 'proven',
      'services.unbound.settings.server.hide-version': 'proven',
      'services.unbound.settings.server.msg-cache-size': 'unproven',
    });
  });
});

describe('faults', () => {
  const settings = {
    interface: ['127.0.0.1', '::1@5353'],
    'access-control': ['127.0.0.0/8 allow'],
    'local-zone': ['"lan." static'],
    'local-data': ['"nas.lan. IN A 10.0.0.2"', '"nas.lan. IN A 10.0.0.3"', '"away.net. CNAME nas.lan."'],
    'local-data-ptr': ['"10.0.0.2 nas.lan."'],
    'num-threads': 4,
    'hide-version': false,
  };
  const made = probes(settings);
  const before = lines(settings);

  /** The lines of the configuration that a fault adds, and those that it takes away. */
  function changed(id: string): { readonly added: string[]; readonly gone: string[] } {
    const edits = faultOf(made, id).commands.filter((command) => command.includes('/run/mutation.copy'));
    const [copy = '', edit = ''] = edits;
    expect(copy).toBe(`cat ${file} > /run/mutation.copy`);
    // Descriptors in the place of the files: cmp reads what was, sed and printf write to a file of the test's own.
    const script = edit.replaceAll('/run/mutation.copy', '"$1"').replaceAll(file, '"$2"');
    const run = 'set -e; d=$(mktemp -d); cat > "$d/a"; cp "$d/a" "$d/b"; set -- "$d/b" "$d/a"';
    const { stdout, status } = spawnSync('/bin/sh', ['-c', `${run}\n${script}\ncat "$1"; rm -r "$d"`], {
      encoding: 'utf8',
      input: `${before.join('\n')}\n`,
    });
    expect(status).toBe(0);
    const after = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trim());
    return {
      added: after.filter((line) => !before.includes(line)),
      gone: before.filter((line) => !after.includes(line)),
    };
  }

  it.each([
    ['unbound-moved/127.0.0.1', ['interface: 127.0.0.1@5353'], ['interface: 127.0.0.1']],
    ['unbound-moved/::1@5353', ['interface: ::1@5354'], ['interface: ::1@5353']],
    [
      'unbound-record-other/A-nas.lan.-10.0.0.2',
      ['local-data: "nas.lan. A 192.0.2.66"'],
      ['local-data: "nas.lan. IN A 10.0.0.2"'],
    ],
    ['unbound-record-gone/A-nas.lan.-10.0.0.3', [], ['local-data: "nas.lan. IN A 10.0.0.3"']],
    [
      'unbound-record-other/PTR-2.0.0.10.in-addr.arpa.-nas.lan.',
      ['local-data: "2.0.0.10.in-addr.arpa. PTR other.invalid."'],
      ['local-data-ptr: "10.0.0.2 nas.lan."'],
    ],
    ['unbound-zone/lan.', ['local-zone: "lan." refuse'], ['local-zone: "lan." static']],
    ['unbound-setting/num-threads', ['num-threads: 2'], []],
    ['unbound-setting/hide-version', ['hide-version: yes'], []],
    ['unbound-setting/access-control', ['access-control: 0.0.0.0/0 allow'], []],
    ['unbound-refuses/::1', ['access-control: ::1/128 refuse'], []],
    ['unbound-root-key/unread', [], ['auto-trust-anchor-file: /var/lib/unbound/root.key']],
  ])('%s changes its lines of the configuration alone', (id, added, gone) => {
    expect(changed(id)).toEqual({ added, gone });
  });

  it('are seen by all who ask at that address', () => {
    expect(Object.keys(faultOf(made, 'unbound-moved/127.0.0.1').seen)).toEqual([
      'unbound/answers-127.0.0.1',
      'unbound/A-nas.lan.-10.0.0.2',
      'unbound/A-nas.lan.-10.0.0.3',
      'unbound/CNAME-away.net.-nas.lan.',
      'unbound/PTR-2.0.0.10.in-addr.arpa.-nas.lan.',
      'unbound/zone-lan.',
    ]);
    expect(faultOf(made, 'unbound-refuses/::1').seen).toEqual({
      'unbound/answers-::1-5353': '^REFUSED$',
      'unbound/reads-access-control': String.raw`^127\.0\.0\.0\/8 allow\n::1\/128 refuse$`.replace(
        '\\n',
        '\n',
      ),
    });
  });

  it('take away a record only where its zone says what is answered then', () => {
    const gone = new RegExp(
      faultOf(made, 'unbound-record-gone/A-nas.lan.-10.0.0.2').seen['unbound/A-nas.lan.-10.0.0.2'] ?? '',
    );
    expect(['NOERROR, 10.0.0.3', 'NXDOMAIN'].filter((seen) => gone.test(seen))).toHaveLength(2);
    expect(['NOERROR, 10.0.0.3, 10.0.0.2', 'SERVFAIL'].filter((seen) => gone.test(seen))).toEqual([]);
    expect(() => faultOf(made, 'unbound-record-gone/CNAME-away.net.-nas.lan.')).toThrow('no probe');
  });

  it('turn a zone that refuses into one that knows no such name', () => {
    const refusing = probes({ 'local-zone': ['"lan." refuse'] });
    expect(faultOf(refusing, 'unbound-zone/lan.').seen).toEqual({ 'unbound/zone-lan.': '^NXDOMAIN$' });
    // It would answer so to a client that it turns away, too.
    expect(faultOf(refusing, 'unbound-refuses/127.0.0.1').seen).not.toHaveProperty('unbound/zone-lan.');
  });
});
