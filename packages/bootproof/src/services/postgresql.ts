import { nix, text } from '../nix/expression.ts';
import { nixValue } from '../nix/node.ts';
import { option, type ResolvedOf } from '../options/option.ts';
import { types } from '../options/types.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import { eachString } from './nixos-test.ts';
import { defineService, nixosOnly, textFile, wantedBy } from './service.ts';

const source = 'nixos/modules/services/databases/postgresql.nix';
const realised = { source, verdict: 'provable' } as const;

/** Debian bookworm's release of PostgreSQL. */
const release = '15';
const programs = `/usr/lib/postgresql/${release}/bin`;
const dataFolder = `/var/lib/postgresql/${release}`;
const folder = '/etc/postgresql-server';

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

type Clause = keyof typeof clauseColumns;

const clause = (what: string) =>
  option({
    type: types.nullOr(types.bool),
    default: null,
    description: `Whether the user ${what}; null: as PostgreSQL or somebody else has set it.`,
    ...realised,
  });

const user = types.submodule({
  name: option({
    type: types.str,
    example: 'nextcloud',
    description: 'The name of the user.',
    ...realised,
  }),
  ensureDBOwnership: option({
    type: types.bool,
    default: false,
    description: 'Whether the user owns the database of the same name, which `ensureDatabases` must have.',
    ...realised,
  }),
  ensureClauses: option({
    type: types.submodule({
      superuser: clause('may do everything'),
      createrole: clause('may make further roles'),
      createdb: clause('may make databases'),
      inherit: clause('has the rights of the roles that it is a member of'),
      login: clause('may log in'),
      replication: clause('may replicate the server'),
      bypassrls: clause('is bound by no row-level security'),
    }),
    default: {},
    example: { createdb: true },
    description: 'What the user may do.',
    ...realised,
  }),
});

const options = {
  services: {
    postgresql: {
      enable: option({
        type: types.bool,
        default: false,
        description: 'Whether to run the PostgreSQL server.',
        ...realised,
      }),
      package: option({
        type: types.package,
        default: nixValue({ kind: 'package', attrPath: ['postgresql_17'] }),
        defaultText: 'pkgs.postgresql_17, for a stateVersion of 25.11',
        description: 'The package of PostgreSQL.',
        source,
        verdict: nixosOnly(`the stand-in has Debian's PostgreSQL ${release}`),
      }),
      ensureDatabases: option({
        type: types.listOf(types.str),
        default: [],
        example: ['gitea', 'nextcloud'],
        description: 'Databases that are made when they are missing. None is ever removed.',
        ...realised,
      }),
      ensureUsers: option({
        type: types.listOf(user),
        default: [],
        example: [{ name: 'nextcloud', ensureDBOwnership: true }],
        description: 'Users that are made when they are missing. None is ever removed.',
        ...realised,
      }),
      enableTCPIP: option({
        type: types.bool,
        default: false,
        description: 'Whether the server listens on all addresses; if not, on those of localhost alone.',
        ...realised,
      }),
      authentication: option({
        type: types.lines,
        default: '',
        example: 'host all all 10.0.0.0/24 scram-sha-256',
        description:
          'Lines of pg_hba.conf: who may log in, and how. They come before those that are always there.',
        ...realised,
      }),
      identMap: option({
        type: types.lines,
        default: '',
        example: 'postgres root postgres',
        description: 'Lines of pg_ident.conf: which user of the machine is which user of the server.',
        ...realised,
      }),
      settings: option({
        type: types.submodule(
          {
            port: option({
              type: types.port,
              default: 5432,
              description: 'The port that the server listens on, and part of the name of its socket.',
              ...realised,
            }),
            log_line_prefix: option({
              type: types.str,
              default: '[%p] ',
              example: '%m [%p] ',
              description: 'What each line of the log begins with.',
              ...realised,
            }),
          },
          { freeformType: types.attrsOf(types.oneOf([types.bool, types.float, types.int, types.str])) },
        ),
        default: {},
        example: { log_connections: true },
        description: 'Settings of postgresql.conf, by its own names.',
        ...realised,
      }),
    },
  },
};

type Postgresql = ResolvedOf<typeof options>['services']['postgresql'];

/** PostgreSQL: it answers queries, and has the declared databases, users and settings. */
export const postgresql = defineService({
  name: 'postgresql',
  description: 'The PostgreSQL server.',
  options,

  realise({ services: { postgresql } }) {
    if (!postgresql.enable) return {};
    const own = '/etc/systemd/system';
    return {
      packages: [`postgresql-${release}`],
      files: [
        // Debian's own cluster, and what would start it.
        { type: 'absent', path: `/etc/postgresql/${release}` },
        { type: 'absent', path: `${dataFolder}/main` },
        {
          type: 'symlink',
          path: '/etc/systemd/system-generators/postgresql-generator',
          target: '/dev/null',
        },
        textFile(`${folder}/postgresql.conf`, configuration(postgresql)),
        textFile(`${folder}/pg_hba.conf`, hba(postgresql)),
        textFile(`${folder}/pg_ident.conf`, [...linesOf(postgresql.identMap), 'postgres postgres postgres']),
        textFile(`${folder}/setup.sql`, setup(postgresql)),
        textFile(`${own}/postgresql.service`, serverUnit),
        textFile(`${own}/postgresql-setup.service`, setupUnit(postgresql.settings.port)),
        textFile(`${own}/postgresql.target`, target),
        { type: 'absent', path: `${own}/multi-user.target.wants/postgresql.service` },
        wantedBy('multi-user.target', 'postgresql.target', own),
      ],
    };
  },

  probes({ services: { postgresql } }) {
    if (!postgresql.enable) return [];
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
  },

  nixosTest: ({ services: { postgresql } }) => ({
    steps: [
      {
        title: 'PostgreSQL is running and set up',
        when: postgresql.enable,
        lines: ['machine.wait_for_unit("postgresql.target")'],
      },
      {
        title: 'PostgreSQL answers a query in every declared database',
        when: postgresql.enable,
        lines: [
          text`query_command = "runuser -u postgres -- psql -p ${nix`toString ${postgresql.settings}.port`} -tAc 'select current_database()' -d "`,
          eachString(
            'database',
            nix`[ "postgres" ] ++ ${postgresql.ensureDatabases}`,
            (database) => text`assert machine.succeed(query_command + ${database}).strip() == ${database}`,
          ),
        ],
      },
      {
        title: 'PostgreSQL has every declared user',
        when: postgresql.enable,
        lines: [
          text`roles_command = "runuser -u postgres -- psql -p ${nix`toString ${postgresql.settings}.port`} -tAc 'select rolname from pg_roles'"`,
          'seen_roles = machine.succeed(roles_command).splitlines()',
          eachString(
            'user',
            nix`map (user: user.name) ${postgresql.ensureUsers}`,
            (user) => text`assert ${user} in seen_roles, f"PostgreSQL has only {seen_roles}"`,
          ),
        ],
      },
    ],
  }),
});

const linesOf = (value: string): string[] =>
  value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

/** A text, and a name, as SQL writes them. */
const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const identifier = (value: string): string => `"${value.replaceAll('"', '""')}"`;

/** A setting as NixOS writes it: `yes` and `no`, texts in quotes. */
const written = (value: unknown): string =>
  typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);

const configuration = ({ enableTCPIP, settings }: Postgresql): string[] =>
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

const hba = ({ authentication }: Postgresql): string[] => [
  ...linesOf(authentication),
  // What NixOS always has at the end.
  'local all postgres peer map=postgres',
  'local all all peer',
  'host all all 127.0.0.1/32 md5',
  'host all all ::1/128 md5',
];

/** Clauses of a user that are said, each with whether it has them. */
const clausesOf = ({ ensureClauses }: Postgresql['ensureUsers'][number]): [Clause, boolean][] =>
  (Object.entries(ensureClauses) as [Clause, boolean | null][]).filter(
    (entry): entry is [Clause, boolean] => entry[1] !== null,
  );

/** Makes what is missing, and may run at each boot. `\gexec` of psql runs what the query before it gives. */
function setup({ ensureDatabases, ensureUsers }: Postgresql): string[] {
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

const serverUnit = [
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

const setupUnit = (port: number): string[] => [
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

const target = [
  '[Unit]',
  'Description=PostgreSQL',
  'Requires=postgresql.service postgresql-setup.service',
  'After=postgresql.service postgresql-setup.service',
];

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

function userProbe(postgresql: Postgresql, each: Postgresql['ensureUsers'][number], index: number): Probe {
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
