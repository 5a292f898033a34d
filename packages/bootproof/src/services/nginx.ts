import { and, nix, text } from '../nix/expression.ts';
import { commandOutput } from '../probes/kinds/command-output.ts';
import { unit } from '../probes/kinds/unit.ts';
import type { Probe } from '../probes/probe.ts';
import { quote } from '../probes/shell.ts';
import { configuration, configurationPath, type recommendedLines } from './nginx/configuration.ts';
import { hostProbes } from './nginx/host-probes.ts';
import { type Nginx, options } from './nginx/options.ts';
import { defineService, textFile, wantedBy } from './service.ts';

/** nginx: its configuration is right, and each virtual host gives the declared answers. */
export const nginx = defineService({
  name: 'nginx',
  description: 'The web server nginx.',
  options,

  realise({ services: { nginx } }) {
    if (!nginx.enable) return {};
    return {
      packages: ['nginx'],
      files: [
        textFile(configurationPath, configuration(nginx)),
        textFile('/etc/systemd/system/nginx.service', serverUnit),
        wantedBy('multi-user.target', 'nginx.service', '/etc/systemd/system'),
        // NixOS makes this user, and leaves others to their owner.
        ...(nginx.user === 'nginx' || nginx.group === 'nginx'
          ? [textFile('/etc/sysusers.d/nginx.conf', ['u nginx -'])]
          : []),
      ],
    };
  },

  probes({ services: { nginx } }) {
    if (!nginx.enable) return [];
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
      }),
      settingsProbe(nginx),
      commandOutput.probe({
        id: 'nginx/user',
        params: { command: workersUser, output: `${nginx.user} ${nginx.group}` },
        title: `nginx answers requests as ${nginx.user}, of the group ${nginx.group}`,
        proves: ['services.nginx.user', 'services.nginx.group'],
        after: ['nginx/unit'],
      }),
      ...hostProbes(nginx),
    ];
  },

  nixosTest: ({ services: { nginx } }) => {
    // Plain texts alone: what nginx' variables and escapes make of others, only nginx knows.
    const plain = nix`host: builtins.match "200 \\"?([a-zA-Z0-9 .,-]*)\\"?" (toString (host.locations."/".return or ""))`;
    const hosts = nix`lib.filter (host: host.answer != null && host.port != null) (lib.mapAttrsToList (name: host: {
      name = if host.serverName != null then host.serverName else name;
      answer = (${plain}) host;
      port = if host.listen == [ ] then ${nginx.defaultHTTPListenPort} else null;
    }) (lib.filterAttrs (name: host: !(host.onlySSL || host.forceSSL)) ${nginx.virtualHosts}))`;
    return {
      steps: [
        {
          title: 'nginx is running, and its configuration is right',
          when: nginx.enable,
          lines: ['machine.wait_for_unit("nginx.service")'],
        },
        {
          title: 'every virtual host gives the answer that it returns',
          when: and(nginx.enable, nix`${hosts} != [ ]`),
          lines: [
            {
              item: 'host',
              of: hosts,
              line: text`assert machine.succeed("curl -sS -H 'Host: " + ${nix`builtins.toJSON host.name`} + "' http://localhost:${nix`toString host.port`}/") == ${nix`builtins.toJSON (builtins.head host.answer)`}`,
            },
          ],
        },
      ],
    };
  },
});

const serverUnit = [
  '[Unit]',
  'Description=Nginx Web Server',
  'After=network.target',
  '',
  '[Service]',
  `ExecStartPre=/usr/sbin/nginx -t -q -c ${configurationPath}`,
  `ExecStart=/usr/sbin/nginx -c ${configurationPath}`,
  'ExecReload=/bin/kill -HUP $MAINPID',
  'RuntimeDirectory=nginx',
  'Restart=always',
  'RestartSec=10s',
];

/** The program that runs and its configuration's file, wherever they are: its own title tells them. */
const running = [
  'main=$(systemctl show -p MainPID --value nginx.service)',
  'program=/proc/$main/exe',
  `file=$(tr '\\0' ' ' < /proc/$main/cmdline | sed -n 's/.* -c *\\([^ ]*\\).*/\\1/p')`,
].join('; ');

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
  });
}
