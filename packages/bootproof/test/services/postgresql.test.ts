import { describe, expect, it } from 'vitest';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import { postgresql } from '../../src/services/postgresql.ts';
import type { Service } from '../../src/services/service.ts';
import { fileAt, idsOf, isInSurface, linesAt, probeOf, probesOf, realisationOf } from './support.ts';

const service = postgresql as unknown as Service;
const on = (more: object = {}) => ({ services: { postgresql: { enable: true, ...more } } }) as never;
const realised = (more: object = {}) => realisationOf(service, on(more));
const probes = (more: object = {}) => probesOf(service, on(more));
const folder = '/etc/postgresql-server';

describe('off', () => {
  it('realises nothing and has no probe', () => {
    expect(realisationOf(service, {})).toEqual({});
    expect(probesOf(service, {})).toEqual([]);
  });
});

describe('the image', () => {
  it("runs a server of its own under NixOS's names, and not Debian's cluster", () => {
    const made = realised();
    expect(made.packages).toEqual(['postgresql-15']);
    expect(fileAt(made, '/etc/postgresql/15')?.type).toBe('absent');
    expect(fileAt(made, '/etc/systemd/system-generators/postgresql-generator')).toMatchObject({
      target: '/dev/null',
    });
    expect(linesAt(made, '/etc/systemd/system/postgresql.target')).toContain(
      'Requires=postgresql.service postgresql-setup.service',
    );
    expect(fileAt(made, '/etc/systemd/system/multi-user.target.wants/postgresql.target')?.type).toBe(
      'symlink',
    );
  });

  it('makes what is missing, with names quoted as SQL wants them', () => {
    const made = realised({
      ensureDatabases: ['app', "o'b"],
      ensureUsers: [
        { name: 'app', ensureDBOwnership: true, ensureClauses: { createdb: true, login: false } },
        { name: 'a"b' },
      ],
    });
    expect(linesAt(made, `${folder}/setup.sql`)).toEqual([
      '\\set ON_ERROR_STOP on',
      `SELECT 'CREATE DATABASE "app"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'app') \\gexec`,
      `SELECT 'CREATE DATABASE "o''b"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'o''b') \\gexec`,
      `SELECT 'CREATE USER "app"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app') \\gexec`,
      'ALTER ROLE "app" CREATEDB NOLOGIN;',
      'ALTER DATABASE "app" OWNER TO "app";',
      `SELECT 'CREATE USER "a""b"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'a"b') \\gexec`,
    ]);
  });

  it('has settings as NixOS writes them, declared ones last word', () => {
    const lines = (more: object) => linesAt(realised(more), `${folder}/postgresql.conf`);
    expect(lines({})).toEqual(
      expect.arrayContaining(["listen_addresses = 'localhost'", 'port = 5432', "log_line_prefix = '[%p] '"]),
    );
    const declared = lines({
      enableTCPIP: true,
      settings: { port: 5433, log_connections: true, jit: 'on', application_name: "it's" },
    });
    expect(declared).toEqual(
      expect.arrayContaining([
        "listen_addresses = '*'",
        'port = 5433',
        'log_connections = yes',
        "application_name = 'it''s'",
      ]),
    );
    expect(declared.filter((line) => line.startsWith('jit'))).toEqual(["jit = 'on'"]);
  });

  it('has the declared rules before those that are always there', () => {
    const made = realised({
      authentication: '# who\nhost app app 10.0.0.0/8 scram-sha-256',
      identMap: 'postgres root postgres',
    });
    expect(linesAt(made, `${folder}/pg_hba.conf`).slice(0, 2)).toEqual([
      'host app app 10.0.0.0/8 scram-sha-256',
      'local all postgres peer map=postgres',
    ]);
    expect(linesAt(made, `${folder}/pg_ident.conf`)).toEqual([
      'postgres root postgres',
      'postgres postgres postgres',
    ]);
  });
});

describe('probes', () => {
  it('are those of what is declared, and name options that exist', () => {
    expect(idsOf(probes())).toEqual([
      'postgresql/unit',
      'postgresql/setup',
      'postgresql/listens',
      'postgresql/settings',
    ]);
    const all = probes({
      ensureDatabases: ['app', 'app'],
      ensureUsers: [{ name: 'app' }],
      authentication: 'local all all trust',
      identMap: 'm a b',
    });
    expect(idsOf(all)).toEqual([
      'postgresql/unit',
      'postgresql/setup',
      'postgresql/listens',
      'postgresql/database-app',
      'postgresql/user-0-app',
      'postgresql/settings',
      'postgresql/authentication',
      'postgresql/identMap',
    ]);
    for (const { proves } of all) for (const path of proves) expect(isInSurface(path), path).toBe(true);
  });

  it('expect of a user what is said of it, and nothing else', () => {
    const user = (more: object) =>
      probeOf(
        probes({ ensureDatabases: ['u'], ensureUsers: [{ name: 'u', ...more }] }),
        'postgresql/user-0-u',
      );
    expect(user({}).params).toMatchObject({ output: 'u' });
    const told = user({ ensureDBOwnership: true, ensureClauses: { createdb: true, superuser: false } });
    expect(told.params).toMatchObject({ output: 'u|f|t|owns u' });
    expect(told.title).toBe('PostgreSQL has the user u, nosuperuser, createdb, with its database');
  });

  it('ask on all addresses, which must be silent unless declared', () => {
    const listens = (more: object) => probeOf(probes(more), 'postgresql/listens').params;
    expect(listens({})).toMatchObject({ output: 'answers\nsilent' });
    expect(listens({ enableTCPIP: true, settings: { port: 99 } })).toMatchObject({
      output: 'answers\nanswers',
      command: expect.stringContaining('-h 127.0.0.3 -p 99'),
    });
  });

  it('ask for each declared setting by its name', () => {
    const probe = probeOf(
      probes({ settings: { max_connections: 40, log_connections: true, 'auto_explain.log_analyze': false } }),
      'postgresql/settings',
    );
    expect(probe.params).toMatchObject({
      output:
        'auto_explain.log_analyze=no\nlog_connections=yes\nlog_line_prefix=[%p] \nmax_connections=40\nport=5432',
    });
    expect(probe.proves).toContain('services.postgresql.settings."auto_explain.log_analyze"');
    expect(probe.proves).toContain('services.postgresql.settings.max_connections');
  });

  it('want the rules in their order, and no line that the server cannot read', () => {
    const { params, proves } = probeOf(
      probes({ authentication: 'local a a trust\n\nlocal b b trust' }),
      'postgresql/authentication',
    );
    expect(params).toMatchObject({ output: 'local a a trust\nlocal b b trust\n0 faults' });
    expect(proves).toEqual(['services.postgresql.authentication']);
  });

  it('want the rules that admit clients first, and user maps anywhere', () => {
    const all = probes({ authentication: 'local a a trust\nlocal b b trust', identMap: 'm a b' });
    const command = (option: string): unknown => probeOf(all, `postgresql/${option}`).params;
    expect(command('authentication')).toMatchObject({ command: expect.stringContaining('LIMIT 2') });
    expect(command('identMap')).toMatchObject({ command: expect.stringContaining("IN ('\\''m a b'\\'')") });
  });
});

it('has its part of the NixOS test', () => {
  expect(makeTestFile([service])).toContain('machine.wait_for_unit("postgresql.target")');
});

describe('faults', () => {
  const commandsOf = (settings: object): Map<string, string | undefined> =>
    new Map(
      probeOf(probes({ settings }), 'postgresql/settings').faults?.map(({ id, commands }) => [
        id,
        commands[0],
      ]),
    );

  it('are settings of which another value is known', () => {
    const made = commandsOf({ jit_above_cost: 5, log_duration: true, work_mem: '4MB', datestyle: 'iso' });
    expect(made.get('postgresql-setting/jit_above_cost')).toContain("SET jit_above_cost = '\\''6'\\''");
    expect(made.get('postgresql-setting/log_duration')).toContain("SET log_duration = '\\''no'\\''");
    expect(made.get('postgresql-setting/work_mem')).toContain("SET work_mem = '\\''8MB'\\''");
    expect(made.has('postgresql-setting/datestyle')).toBe(false);
    // Through the port it is asked: another one has a fault of its own.
    expect(made.has('postgresql-setting/port')).toBe(false);
    expect(made.has('postgresql-port-moved')).toBe(true);
  });

  it('of a user turn each clause that is said', () => {
    const { faults = [] } = probeOf(
      probes({ ensureUsers: [{ name: 'u', ensureClauses: { createdb: true, login: false } }] }),
      'postgresql/user-0-u',
    );
    expect(faults.map(({ id, seen }) => [id, seen])).toEqual([
      ['postgresql-role-missing/u', '^$'],
      ['postgresql-role-createdb/u', '^u\\|f\\|f$'],
      ['postgresql-role-login/u', '^u\\|t\\|t$'],
    ]);
  });

  it('of rules take the last, put another first, and break the file', () => {
    const { faults = [] } = probeOf(
      probes({ authentication: 'local a a trust\nlocal b b trust' }),
      'postgresql/authentication',
    );
    expect(faults.map(({ id }) => id)).toEqual([
      'postgresql-rule-missing/authentication',
      'postgresql-rule-broken/authentication',
      'postgresql-rule-before/authentication',
    ]);
    const missing = new RegExp(faults[0]?.seen ?? '');
    expect(missing.test('local a a trust\nlocal all all peer\n0 faults')).toBe(true);
    expect(missing.test('local a a trust\nlocal b b trust\n0 faults')).toBe(false);
    expect(missing.test('local b b trust\nlocal all all peer\n0 faults')).toBe(false);
  });
});
