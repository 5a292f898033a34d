import { quote } from '../../probes/shell.ts';
import { type Postgresql, release, type User } from './options.ts';

const programs = `/usr/lib/postgresql/${release}/bin`;
export const dataFolder = `/var/lib/postgresql/${release}`;
/** Where the stand-in's configuration is. */
export const folder = '/etc/postgresql-server';

/** The lines that say something. */
export const linesOf = (value: string): string[] =>
  value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

/** A text, and a name, as SQL writes them. */
export const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;
export const identifier = (value: string): string => `"${value.replaceAll('"', '""')}"`;

/** The command of a query as the server's own superuser, by its socket. */
export const psql = ({ settings }: Postgresql, query: string, database = 'postgres'): string =>
  `runuser -u postgres -- psql -X -tA -h /run/postgresql -p ${settings.port} -d ${quote(database)} -c ${quote(query)}`;

/** A setting as NixOS writes it: `yes` and `no`, texts in quotes. */
export const written = (value: unknown): string =>
  typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);

/** The lines of postgresql.conf. */
export const configuration = ({ enableTCPIP, settings }: Postgresql): string[] =>
  Object.entries({
    hba_file: `${folder}/pg_hba.conf`,
    ident_file: `${folder}/pg_ident.conf`,
    log_destination: 'stderr',
    listen_addresses: enableTCPIP ? '*' : 'localhost',
    jit: 'off',
    ...settings,
  }).map(([name, value]) =>
    typeof value === 'string' ? `${name} = ${literal(value)}` : `${name} = ${written(value)}`,
  );

/** The lines of pg_hba.conf. */
export const hba = ({ authentication }: Postgresql): string[] => [
  ...linesOf(authentication),
  // What NixOS always has at the end.
  'local all postgres peer map=postgres',
  'local all all peer',
  'host all all 127.0.0.1/32 md5',
  'host all all ::1/128 md5',
];

/** Clauses of a user that are said, each with whether it has them. */
export const clausesOf = ({ ensureClauses }: User): [keyof User['ensureClauses'], boolean][] =>
  (Object.entries(ensureClauses) as [keyof User['ensureClauses'], boolean | null][]).filter(
    (entry): entry is [keyof User['ensureClauses'], boolean] => entry[1] !== null,
  );

/** Makes what is missing, and may run at each boot. `\gexec` of psql runs what the query before it gives. */
export function setup({ ensureDatabases, ensureUsers }: Postgresql): string[] {
  const unless = (statement: string, table: string, column: string, name: string): string =>
    `SELECT ${literal(statement)} WHERE NOT EXISTS (SELECT FROM ${table} WHERE ${column} = ${literal(name)}) \\gexec`;
  return [
    '\\set ON_ERROR_STOP on',
    ...ensureDatabases.map((name) =>
      unless(`CREATE DATABASE ${identifier(name)}`, 'pg_database', 'datname', name),
    ),
    ...ensureUsers.flatMap((each) => {
      const name = identifier(each.name);
      const clauses = clausesOf(each).map(([key, has]) => `${has ? '' : 'NO'}${key.toUpperCase()}`);
      return [
        unless(`CREATE USER ${name}`, 'pg_roles', 'rolname', each.name),
        ...(clauses.length === 0 ? [] : [`ALTER ROLE ${name} ${clauses.join(' ')};`]),
        ...(each.ensureDBOwnership ? [`ALTER DATABASE ${name} OWNER TO ${name};`] : []),
      ];
    }),
  ];
}

export const serverUnit = [
  '[Unit]',
  'Description=PostgreSQL Server',
  'After=network.target',
  'Wants=postgresql.target',
  'PartOf=postgresql.target',
  '',
  '[Service]',
  'Type=notify',
  'User=postgres',
  'Group=postgres',
  'RuntimeDirectory=postgresql',
  `StateDirectory=postgresql postgresql/${release} postgresql/${release}/data`,
  'StateDirectoryMode=0700',
  // The first start writes the data folder; the image's disk is flushed when the machine stops.
  `ExecStartPre=/bin/sh -c 'test -e ${dataFolder}/data/PG_VERSION || exec ${programs}/initdb --no-sync --username=postgres --encoding=UTF8 --locale=C.UTF-8 --pgdata=${dataFolder}/data'`,
  `ExecStart=${programs}/postgres -D ${dataFolder}/data -c config_file=${folder}/postgresql.conf`,
  'ExecReload=/bin/kill -HUP $MAINPID',
  'KillSignal=SIGINT',
  'KillMode=mixed',
  'TimeoutSec=240',
  'Restart=always',
];

export const setupUnit = (port: number): string[] => [
  '[Unit]',
  'Description=PostgreSQL Setup Scripts',
  'Requires=postgresql.service',
  'After=postgresql.service',
  '',
  '[Service]',
  'Type=oneshot',
  'RemainAfterExit=yes',
  'User=postgres',
  'Group=postgres',
  // The server says that it is ready, so that nothing waits here.
  `ExecStart=${programs}/psql -X -q -h /run/postgresql -p ${port} -d postgres -f ${folder}/setup.sql`,
];

export const target = [
  '[Unit]',
  'Description=PostgreSQL',
  'Requires=postgresql.service postgresql-setup.service',
  'After=postgresql.service postgresql-setup.service',
];
