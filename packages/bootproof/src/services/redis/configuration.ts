import type { ImageFile } from '../recipe.ts';
import { textFile, wantedBy } from '../service.ts';
import type { Server } from './options.ts';

/** What Redis' CONFIG GET tells of a declared option, by Redis' own name for it. */
export const settingsOf: Readonly<Record<string, (server: Server) => readonly [string, string] | undefined>> =
  {
    port: ({ port }) => ['port', String(port)],
    bind: ({ bind }) => (bind === null ? undefined : ['bind', bind]),
    unixSocket: ({ unixSocket }) => (unixSocket === null ? undefined : ['unixsocket', String(unixSocket)]),
    unixSocketPerm: ({ unixSocket, unixSocketPerm }) =>
      unixSocket === null ? undefined : ['unixsocketperm', String(unixSocketPerm)],
    logLevel: ({ logLevel }) => ['loglevel', logLevel],
    databases: ({ databases }) => ['databases', String(databases)],
    maxclients: ({ maxclients }) => ['maxclients', String(maxclients)],
    save: ({ save }) => ['save', save.map((when) => when.join(' ')).join(' ')],
    appendOnly: ({ appendOnly }) => ['appendonly', appendOnly ? 'yes' : 'no'],
    appendFsync: ({ appendFsync }) => ['appendfsync', appendFsync],
    slowLogLogSlowerThan: (each) => ['slowlog-log-slower-than', String(each.slowLogLogSlowerThan)],
    slowLogMaxLen: ({ slowLogMaxLen }) => ['slowlog-max-len', String(slowLogMaxLen)],
  };

export const word = (value: string | boolean | number): string =>
  typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);

/** What one server needs of the image. */
export function serverFiles(name: string, server: Server): ImageFile[] {
  const own = server.user === name || server.group === name;
  return [
    // For all to read, a password in it too, as in the Nix store.
    textFile(`/etc/redis-servers/${name}.conf`, redisConf(name, server)),
    textFile(`/etc/systemd/system/${name}.service`, unitOf(name, server)),
    wantedBy('multi-user.target', `${name}.service`, '/etc/systemd/system'),
    ...(own && name !== 'redis' ? [textFile(`/etc/sysusers.d/${name}.conf`, [`u ${name} -`])] : []),
  ];
}

function redisConf(name: string, server: Server): string[] {
  const { requirePass, save, settings } = server;
  const told = Object.entries(settingsOf).flatMap(([option, tell]) => {
    const setting = option === 'save' ? undefined : tell(server);
    return setting === undefined ? [] : [setting.join(' ')];
  });
  return [
    ...told,
    ...(save.length === 0 ? ['save ""'] : save.map((when) => `save ${when.join(' ')}`)),
    'daemonize no',
    'supervised systemd',
    'syslog-enabled yes',
    'logfile /dev/null',
    'dbfilename dump.rdb',
    `dir /var/lib/${name}`,
    ...(requirePass === null ? [] : [`requirepass ${JSON.stringify(requirePass)}`]),
    ...Object.entries(settings).flatMap(([key, value]) =>
      (Array.isArray(value) ? value : [value]).map((each) => `${key} ${word(each)}`),
    ),
  ];
}

const unitOf = (name: string, { user, group, maxclients }: Server): string[] => [
  '[Unit]',
  `Description=Redis Server - ${name}`,
  'After=network.target',
  '',
  '[Service]',
  'Type=notify',
  `ExecStart=/usr/bin/redis-server /etc/redis-servers/${name}.conf`,
  `User=${user}`,
  `Group=${group}`,
  `RuntimeDirectory=${name}`,
  'RuntimeDirectoryMode=0750',
  `StateDirectory=${name}`,
  'StateDirectoryMode=0700',
  'UMask=0077',
  'NoNewPrivileges=yes',
  'PrivateTmp=yes',
  // What NixOS allows besides the clients: files, and the listening sockets.
  `LimitNOFILE=${maxclients + 32}`,
];
