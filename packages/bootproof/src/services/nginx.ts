import { and, nix, text } from '../nix/expression.ts';
import { configuration, configurationPath } from './nginx/configuration.ts';
import { hostProbes } from './nginx/host-probes.ts';
import { options } from './nginx/options.ts';
import { serverProbes } from './nginx/server-probes.ts';
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
    return [...serverProbes(nginx), ...hostProbes(nginx)];
  },

  nixosTest: ({ services: { nginx } }) => ({
    let: {
      // Plain texts alone: what nginx' variables and escapes make of others, only nginx knows.
      answerOf: nix`host: builtins.match "200 \\"?([a-zA-Z0-9 .,-]*)\\"?" (toString (host.locations."/".return or ""))`,
      hosts: nix`lib.mapAttrsToList (name: host: {
        name = if host.serverName != null then host.serverName else name;
        answer = answerOf host;
        port = if host.listen == [ ] then ${nginx.defaultHTTPListenPort} else null;
      }) (lib.filterAttrs (name: host: !(host.onlySSL || host.forceSSL)) ${nginx.virtualHosts})`,
      answering: nix`lib.filter (host: host.answer != null && host.port != null) hosts`,
    },
    steps: [
      {
        title: 'nginx is running, and its configuration is right',
        when: nginx.enable,
        lines: ['machine.wait_for_unit("nginx.service")'],
      },
      {
        title: 'every virtual host gives the answer that it returns',
        when: and(nginx.enable, nix`answering != [ ]`),
        lines: [
          {
            item: 'host',
            of: nix`answering`,
            line: text`assert machine.succeed("curl -sS -H 'Host: " + ${nix`builtins.toJSON host.name`} + "' http://localhost:${nix`toString host.port`}/") == ${nix`builtins.toJSON (builtins.head host.answer)`}`,
          },
        ],
      },
    ],
  }),
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
