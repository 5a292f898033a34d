import { commandOutput } from '../../probes/kinds/command-output.ts';
import { unit } from '../../probes/kinds/unit.ts';
import type { Probe } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { clausesOf, linesOf, literal, written } from './configuration.ts';
import type { Postgresql, User } from './options.ts';

/** What a role may do, by the words of CREATE ROLE, with the column of pg_roles that tells it. */
const clauseColumns = {
  superuser: 'rolsuper',
  createrole: 'rolcreaterole',
  createdb: 'rolcreatedb',
  inherit: 'rolinherit',
  login: 'rolcanlogin',
  replication: 'rolreplication',
  bypassrls: 'rolbypassrls',
} as const;

/** That the server runs, is set up, and has what is declared. */
export function serverProbes(postgresql: Postgresql): Probe[] {
  return [
    unit.probe({
      id: 'postgresql/unit',
      params: { unit: 'postgresql.service' },
      proves: ['services.postgresql.enable'],
      // On a first boot it makes its data folder.
      deadlineSeconds: 180,
    }),
    unit.probe({
      id: 'postgresql/setup',
      params: { unit: 'postgresql-setup.service' },
      proves: ['services.postgresql.enable'],
      after: ['postgresql/unit'],
      deadlineSeconds: 180,
    }),
    listenProbe(postgresql),
    ...[...new Set(postgresql.ensureDatabases)].map((name) => databaseProbe(postgresql, name)),
    ...postgresql.ensureUsers.map((each, index) => userProbe(postgresql, each, index)),
    settingsProbe(postgresql),
    ...ruleProbes(postgresql),
  ];
}

/** A query as the server's own superuser, by its socket. */
const psql = ({ settings }: Postgresql, query: string, database = 'postgres'): string =>
  `runuser -u postgres -- psql -X -tA -h /run/postgresql -p ${settings.port} -d ${quote(database)} -c ${quote(query)}`;

const after = ['postgresql/setup'];

/** 127.0.0.3 is the machine's own, and no address of localhost: who listens there listens on all addresses. */
function listenProbe({ enableTCPIP, settings: { port } }: Postgresql): Probe {
  const ask = (address: string): string =>
    `pg_isready -q -t 10 -h ${address} -p ${port} && echo answers || echo silent`;
  return commandOutput.probe({
    id: 'postgresql/listens',
    params: {
      command: `${ask('127.0.0.1')}; ${ask('127.0.0.3')}`,
      output: `answers\n${enableTCPIP ? 'answers' : 'silent'}`,
    },
    title: `PostgreSQL answers on port ${port} ${enableTCPIP ? 'of all addresses' : 'of localhost alone'}`,
    proves: ['services.postgresql.settings.port', 'services.postgresql.enableTCPIP'],
    after: ['postgresql/unit'],
  });
}

function databaseProbe(postgresql: Postgresql, name: string): Probe {
  return commandOutput.probe({
    id: `postgresql/database-${name}`,
    params: { command: psql(postgresql, 'SELECT current_database()', name), output: name },
    title: `the database ${name} answers a query`,
    proves: ['services.postgresql.ensureDatabases'],
    after,
  });
}

function userProbe(postgresql: Postgresql, each: User, index: number): Probe {
  const clauses = clausesOf(each);
  const owner = each.ensureDBOwnership
    ? `, (SELECT 'owns ' || datname FROM pg_database WHERE datdba = pg_roles.oid AND datname = rolname)`
    : '';
  const columns = ['rolname', ...clauses.map(([key]) => clauseColumns[key])].join(', ');
  const path = 'services.postgresql.ensureUsers';
  return commandOutput.probe({
    id: `postgresql/user-${index}-${each.name}`,
    params: {
      command: psql(
        postgresql,
        `SELECT ${columns}${owner} FROM pg_roles WHERE rolname = ${literal(each.name)}`,
      ),
      output: [
        each.name,
        ...clauses.map(([, has]) => (has ? 't' : 'f')),
        ...(each.ensureDBOwnership ? [`owns ${each.name}`] : []),
      ].join('|'),
    },
    title: [
      `PostgreSQL has the user ${each.name}`,
      ...clauses.map(([key, has]) => `${has ? '' : 'no'}${key}`),
      ...(each.ensureDBOwnership ? ['with its database'] : []),
    ].join(', '),
    proves: [path],
    after,
  });
}

/** What the file says, of those settings that the running server has from the file and without a restart. */
function settingsProbe(postgresql: Postgresql): Probe {
  const declared = Object.entries(postgresql.settings).sort(([left], [right]) => (left < right ? -1 : 1));
  const names = declared.map(([name]) => literal(name)).join(', ');
  return commandOutput.probe({
    id: 'postgresql/settings',
    params: {
      command: psql(
        postgresql,
        `SELECT name || '=' || f.setting FROM pg_file_settings f JOIN pg_settings s USING (name) WHERE f.applied AND s.source = 'configuration file' AND NOT s.pending_restart AND name IN (${names}) ORDER BY name COLLATE "C"`,
      ),
      output: declared
        .map(([name, value]) => `${name}=${written(value)}`)
        .join('\n')
        .trimEnd(),
    },
    title: 'PostgreSQL runs with its declared settings',
    proves: declared.map(
      ([name]) => `services.postgresql.settings.${/^\w+$/.test(name) ? name : JSON.stringify(name)}`,
    ),
    after,
  });
}

/** The declared rules are in the files that the server reads, in their order, and it can read every line of them. */
function ruleProbes(postgresql: Postgresql): Probe[] {
  const files = [
    { option: 'authentication', file: 'hba_file', view: 'pg_hba_file_rules' },
    { option: 'identMap', file: 'ident_file', view: 'pg_ident_file_mappings' },
  ] as const;
  return files.flatMap(({ option, file, view }) => {
    const lines = linesOf(postgresql[option]);
    if (lines.length === 0) return [];
    const wanted = lines.map((line) => literal(line)).join(', ');
    return [
      commandOutput.probe({
        id: `postgresql/${option}`,
        params: {
          command: [
            psql(
              postgresql,
              `SELECT trim(line) FROM regexp_split_to_table(pg_read_file(current_setting('${file}')), '\\n') WITH ORDINALITY AS rules(line, at) WHERE trim(line) IN (${wanted}) ORDER BY at`,
            ),
            psql(postgresql, `SELECT count(*) || ' faults' FROM ${view} WHERE error IS NOT NULL`),
          ].join('; '),
          output: [...lines, '0 faults'].join('\n'),
        },
        title: `PostgreSQL takes the declared rules of ${option}`,
        proves: [`services.postgresql.${option}`],
        after,
      }),
    ];
  });
}
