import { exactly, literally, overlay, withLine } from '../../probes/fault-commands.ts';
import type { ProbeFault, SharedFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { identifier, literal, psql, written } from './configuration.ts';
import type { Postgresql } from './options.ts';

/**
 * The server runs with another setting. ALTER SYSTEM writes it where it counts more than what is declared:
 * https://www.postgresql.org/docs/15/sql-altersystem.html
 */
const otherwise = (postgresql: Postgresql, name: string, value: string): string[] => [
  psql(postgresql, `ALTER SYSTEM SET ${name} = ${literal(value)}`),
  'systemctl restart postgresql.service',
];

/** The server has another port. */
export function portMoved(postgresql: Postgresql): SharedFault {
  const { port } = postgresql.settings;
  const other = port === 65_535 ? port - 1 : port + 1;
  return {
    id: 'postgresql-port-moved',
    title: `PostgreSQL listens on port ${other} and not on ${port}`,
    commands: otherwise(postgresql, 'port', String(other)),
  };
}

/** The server is reached from more addresses than declared, or from fewer. */
export const otherAddresses = (postgresql: Postgresql): ProbeFault => ({
  id: 'postgresql-addresses',
  title: `PostgreSQL listens ${postgresql.enableTCPIP ? 'on localhost alone' : 'on all addresses'}`,
  commands: otherwise(postgresql, 'listen_addresses', postgresql.enableTCPIP ? 'localhost' : '*'),
  seen: exactly('answers', postgresql.enableTCPIP ? 'silent' : 'answers'),
});

/** Another value that PostgreSQL takes for a setting; undefined where none is known for sure. */
function otherValue(name: string, value: unknown): string | undefined {
  if (typeof value === 'boolean') return written(!value);
  if (typeof value === 'number') return String(value + 1);
  const size = /^(\d+)(kB|MB|GB)$/.exec(String(value));
  if (size !== null) return `${Number(size[1]) * 2}${size[2]}`;
  return name === 'log_line_prefix' ? 'mutation' : undefined;
}

/** Each setting is another one; the port, through which the server is asked, has a fault of its own. */
export const otherSettings = (postgresql: Postgresql): ProbeFault[] => [
  { ...portMoved(postgresql), seen: noSocket(postgresql) },
  ...Object.entries(postgresql.settings).flatMap(([name, value]): ProbeFault[] => {
    const other = name === 'port' ? undefined : otherValue(name, value);
    if (other === undefined) return [];
    return [
      {
        id: `postgresql-setting/${name}`,
        title: `PostgreSQL runs with ${name} = ${other}`,
        commands: otherwise(postgresql, name, other),
        seen: withLine(`${name}=${other}`),
      },
    ];
  }),
];

const noSocket = ({ settings: { port } }: Postgresql): string =>
  `^exit status 2: .*\\.s\\.PGSQL\\.${port}" failed: No such file`;

export const databaseMissing = (postgresql: Postgresql, name: string): SharedFault => ({
  id: `postgresql-database-missing/${name}`,
  title: `PostgreSQL has no database ${name}`,
  commands: [psql(postgresql, `DROP DATABASE ${identifier(name)} WITH (FORCE)`)],
});

/** A role's statement, and what the probe of the role prints then. */
const role = (
  postgresql: Postgresql,
  id: string,
  title: string,
  statement: string,
  printed: string,
): ProbeFault => ({
  id: `postgresql-${id}`,
  title,
  commands: [psql(postgresql, statement)],
  seen: exactly(printed),
});

export const roleMissing = (postgresql: Postgresql, name: string): ProbeFault =>
  role(
    postgresql,
    `role-missing/${name}`,
    `PostgreSQL has no user ${name}, who has another name`,
    `ALTER ROLE ${identifier(name)} RENAME TO mutation`,
    '',
  );

/** A role may do what it may not by its declaration, or the other way round. */
export const clauseTurned = (
  postgresql: Postgresql,
  name: string,
  clause: string,
  has: boolean,
  printed: string,
): ProbeFault =>
  role(
    postgresql,
    `role-${clause}/${name}`,
    `the user ${name} of PostgreSQL is ${has ? 'not ' : ''}allowed ${clause}`,
    `ALTER ROLE ${identifier(name)} ${has ? 'NO' : ''}${clause.toUpperCase()}`,
    printed,
  );

export const otherOwner = (postgresql: Postgresql, name: string, printed: string): ProbeFault =>
  role(
    postgresql,
    `database-owner/${name}`,
    `the database ${name} belongs to another user than ${name}`,
    `ALTER DATABASE ${identifier(name)} OWNER TO postgres`,
    printed,
  );

/** What the server reads its rules from, and has read. */
const ruled = (postgresql: Postgresql, file: string, filter: string): string[] => [
  `file=$(${psql(postgresql, `SHOW ${file}`)})`,
  ...overlay('"$file"', filter),
  psql(postgresql, 'SELECT pg_reload_conf()'),
];

/** The last of the declared rules is missing, or a line cannot be read. */
export function ruleFaults(
  postgresql: Postgresql,
  option: 'authentication' | 'identMap',
  file: string,
  lines: readonly string[],
): ProbeFault[] {
  const last = lines.at(-1) ?? '';
  const rest = lines.slice(0, -1).map((line) => `${literally(line)}\\n`);
  return [
    {
      id: `postgresql-rule-missing/${option}`,
      title: `PostgreSQL has no rule “${last}”`,
      commands: ruled(postgresql, file, `sed -E ${quote(`/^[[:space:]]*${literally(last)}[[:space:]]*$/d`)}`),
      seen: `^${rest.join('')}(?!${literally(last)}\\n)(.*\\n)?0 faults$`,
    },
    {
      id: `postgresql-rule-broken/${option}`,
      title: `PostgreSQL finds a line of ${option} that it cannot read`,
      commands: ruled(postgresql, file, `sed '$a mutation'`),
      seen: '\\n1 faults$',
    },
  ];
}

/** A rule before the declared ones decides in their place. */
export const ruleBefore = (postgresql: Postgresql): ProbeFault => ({
  id: 'postgresql-rule-before/authentication',
  title: 'PostgreSQL lets everybody in, by a rule before the declared ones',
  commands: ruled(postgresql, 'hba_file', `sed '1i host all all all trust'`),
  seen: '^host all all all trust\\n',
});
