import { nixValue } from '../../nix/node.ts';
import { option, type ResolvedOf } from '../../options/option.ts';
import { types } from '../../options/types.ts';
import { nixosOnly } from '../service.ts';

const source = 'nixos/modules/services/databases/postgresql.nix';
const realised = { source, verdict: 'provable' } as const;

/** Debian bookworm's release of PostgreSQL. */
export const release = '15';

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

export const options = {
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

export type Postgresql = ResolvedOf<typeof options>['services']['postgresql'];
export type User = Postgresql['ensureUsers'][number];
