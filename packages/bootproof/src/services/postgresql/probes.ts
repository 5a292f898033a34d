import { exactly, literally } from '../../probes/fault-commands.ts';
import { commandOutput } from '../../probes/kinds/command-output.ts';
import { unit } from '../../probes/kinds/unit.ts';
import type { Probe, ProbeFault } from '../../probes/probe.ts';
import { clausesOf, linesOf, literal, psql, written } from './configuration.ts';
import {
  clauseTurned,
  databaseMissing,
  otherAddresses,
  otherOwner,
  otherSettings,
  portMoved,
  roleMissing,
  ruleBefore,
  ruleFaults,
} from './faults.ts';
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

const after = ['postgresql/setup'];

/** 127.0.0.3 is the machine's own, and no address of localhost: who listens there listens on all addresses. */
function listenProbe(postgresql: Postgresql): Probe {
  const { enableTCPIP, settings } = postgresql;
  const { port } = settings;
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
    faults: [{ ...portMoved(postgresql), seen: exactly('silent', 'silent') }, otherAddresses(postgresql)],
  });
}

function databaseProbe(postgresql: Postgresql, name: string): Probe {
  return commandOutput.probe({
    id: `postgresql/database-${name}`,
    params: { command: psql(postgresql, 'SELECT current_database()', name), output: name },
    title: `the database ${name} answers a query`,
    proves: ['services.postgresql.ensureDatabases'],
    after,
    faults: [{ ...databaseMissing(postgresql, name), seen: `database "${literally(name)}" does not exist` }],
  });
}

function userProbe(postgresql: Postgresql, each: User, index: number): Probe {
  const clauses = clausesOf(each);
  const owner = each.ensureDBOwnership
    ? `, (SELECT 'owns ' || datname FROM pg_database WHERE datdba = pg_roles.oid AND datname = rolname)`
    : '';
  const columns = ['rolname', ...clauses.map(([key]) => clauseColumns[key])].join(', ');
  const path = 'services.postgresql.ensureUsers';
  const told = clauses.map(([, has]) => (has ? 't' : 'f'));
  const owns = each.ensureDBOwnership ? [`owns ${each.name}`] : [];
  const printed = (...fields: readonly string[]): string => [each.name, ...fields].join('|');
  return commandOutput.probe({
    id: `postgresql/user-${index}-${each.name}`,
    params: {
      command: psql(
        postgresql,
        `SELECT ${columns}${owner} FROM pg_roles WHERE rolname = ${literal(each.name)}`,
      ),
      output: printed(...told, ...owns),
    },
    title: [
      `PostgreSQL has the user ${each.name}`,
      ...clauses.map(([key, has]) => `${has ? '' : 'no'}${key}`),
      ...(each.ensureDBOwnership ? ['with its database'] : []),
    ].join(', '),
    proves: [path],
    after,
    faults: [
      roleMissing(postgresql, each.name),
      ...clauses.map(([key, has], at) =>
        clauseTurned(postgresql, each.name, key, has, printed(...told.with(at, has ? 'f' : 't'), ...owns)),
      ),
      ...(each.ensureDBOwnership ? ownershipFaults(postgresql, each.name, printed(...told, '')) : []),
    ],
  });
}

/** A role that has no database is told with an empty field. */
const ownershipFaults = (postgresql: Postgresql, name: string, printed: string): ProbeFault[] => [
  otherOwner(postgresql, name, printed),
  ...(postgresql.ensureDatabases.includes(name)
    ? [{ ...databaseMissing(postgresql, name), seen: exactly(printed) }]
    : []),
];

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
    faults: otherSettings(postgresql),
  });
}

/**
 * The declared rules are in the files that the server reads, in their order, and it can read every line of them. Of those
 * that admit clients the first that fits decides, so nothing may come before them; a further user map takes nothing away.
 */
function ruleProbes(postgresql: Postgresql): Probe[] {
  const files = [
    { option: 'authentication', file: 'hba_file', view: 'pg_hba_file_rules' },
    { option: 'identMap', file: 'ident_file', view: 'pg_ident_file_mappings' },
  ] as const;
  return files.flatMap(({ option, file, view }) => {
    const lines = linesOf(postgresql[option]);
    if (lines.length === 0) return [];
    const wanted = lines.map((line) => literal(line)).join(', ');
    const chosen =
      option === 'authentication'
        ? `WHERE line ~ '^\\s*[^#\\s]' ORDER BY at LIMIT ${lines.length}`
        : `WHERE trim(line) IN (${wanted}) ORDER BY at`;
    return [
      commandOutput.probe({
        id: `postgresql/${option}`,
        params: {
          command: [
            psql(
              postgresql,
              `SELECT trim(line) FROM regexp_split_to_table(pg_read_file(current_setting('${file}')), '\\n') WITH ORDINALITY AS rules(line, at) ${chosen}`,
            ),
            psql(postgresql, `SELECT count(*) || ' faults' FROM ${view} WHERE error IS NOT NULL`),
          ].join('; '),
          output: [...lines, '0 faults'].join('\n'),
        },
        title: `PostgreSQL takes the declared rules of ${option}`,
        proves: [`services.postgresql.${option}`],
        after,
        faults: [
          ...ruleFaults(postgresql, option, file, lines),
          ...(option === 'authentication' ? [ruleBefore(postgresql)] : []),
        ],
      }),
    ];
  });
}
