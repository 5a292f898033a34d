import { nix, text } from '../nix/expression.ts';
import { eachString } from './nixos-test.ts';
import {
  configuration,
  dataFolder,
  folder,
  hba,
  linesOf,
  serverUnit,
  setup,
  setupUnit,
  target,
} from './postgresql/configuration.ts';
import { options, release } from './postgresql/options.ts';
import { serverProbes } from './postgresql/probes.ts';
import { defineService, textFile, wantedBy } from './service.ts';

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
    return serverProbes(postgresql);
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
