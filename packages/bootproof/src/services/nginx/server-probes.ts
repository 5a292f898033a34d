import { commandOutput } from '../../probes/kinds/command-output.ts';
import { unit } from '../../probes/kinds/unit.ts';
import type { Probe } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { type recommendedLines, runningConfiguration as running } from './configuration.ts';
import { brokenFile, lineMissing, workersOf } from './faults.ts';
import type { Nginx } from './options.ts';

/** The probes of nginx as a whole: it runs, with the declared settings, as the declared user. */
export function serverProbes(nginx: Nginx): Probe[] {
  return [
    unit.probe({
      id: 'nginx/unit',
      params: { unit: 'nginx.service' },
      proves: ['services.nginx.enable'],
    }),
    commandOutput.probe({
      id: 'nginx/configuration',
      params: { command: `${running}; "$program" -t -q -c "$file" 2>&1 && echo right`, output: 'right' },
      title: "nginx' own test finds its configuration right",
      proves: ['services.nginx.enable'],
      after: ['nginx/unit'],
      faults: [brokenFile],
    }),
    settingsProbe(nginx),
    commandOutput.probe({
      id: 'nginx/user',
      params: { command: workersUser, output: `${nginx.user} ${nginx.group}` },
      title: `nginx answers requests as ${nginx.user}, of the group ${nginx.group}`,
      proves: ['services.nginx.user', 'services.nginx.group'],
      after: ['nginx/unit'],
      faults: workersOf(nginx.user, nginx.group),
    }),
  ];
}

/** The user and group of a worker: the first process of the unit that is not the main one. */
const workersUser = [
  'unit=nginx.service',
  'main=$(systemctl show -p MainPID --value $unit)',
  'worker=$(grep -vx $main /sys/fs/cgroup$(systemctl show -p ControlGroup --value $unit)/cgroup.procs | head -n 1)',
  `name() { getent $1 $(sed -n "s/^$2:[[:space:]]*\\([0-9]*\\).*/\\1/p" /proc/$worker/status) | cut -d : -f 1; }`,
  'echo $(name passwd Uid) $(name group Gid)',
].join('; ');

/** One line for each group of recommended settings that NixOS and the stand-in write alike. */
const signs = {
  recommendedOptimisation: 'tcp_nopush on;',
  recommendedGzipSettings: 'gzip_static on;',
  recommendedProxySettings: 'proxy_redirect off;',
  recommendedTlsSettings: 'ssl_session_tickets off;',
} as const satisfies {
  readonly [Name in keyof typeof recommendedLines]: (typeof recommendedLines)[Name][number];
};

function settingsProbe(nginx: Nginx): Probe {
  const wanted = (Object.entries(signs) as [keyof typeof signs, string][]).filter(([name]) => nginx[name]);
  const lines = [
    ...wanted.map(([, line]) => line),
    `client_max_body_size ${nginx.clientMaxBodySize};`,
    `server_tokens ${nginx.serverTokens ? 'on' : 'off'};`,
  ].sort();
  const options = [...wanted.map(([name]) => name), 'clientMaxBodySize', 'serverTokens'];
  const grep = `LC_ALL=C grep -xF ${lines.map((line) => `-e ${quote(line)}`).join(' ')}`;
  return commandOutput.probe({
    id: 'nginx/settings',
    params: {
      command: `${running}; "$program" -T -q -c "$file" 2>/dev/null | tr -s '[:blank:]' ' ' | sed 's/^ //' | ${grep} | LC_ALL=C sort -u`,
      output: lines.join('\n'),
    },
    title: `nginx runs with ${options.join(', ')} as declared`,
    proves: options.map((name) => `services.nginx.${name}`),
    after: ['nginx/unit'],
    faults: lines.map((line) => lineMissing(line, lines)),
  });
}
