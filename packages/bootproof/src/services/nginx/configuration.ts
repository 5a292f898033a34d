import type { Location, Nginx, VirtualHost } from './options.ts';

/** Where the stand-in's nginx.conf is. */
export const configurationPath = '/etc/nginx/nginx.conf';

/** Shell: sets `$program` to the nginx that runs and `$file` to its configuration, wherever they are: its title tells them. */
export const runningConfiguration = [
  'main=$(systemctl show -p MainPID --value nginx.service)',
  'program=/proc/$main/exe',
  `file=$(tr '\\0' ' ' < /proc/$main/cmdline | sed -n 's/.* -c *\\([^ ]*\\).*/\\1/p')`,
].join('; ');

/** One address that a virtual host listens on. */
export interface Listener {
  readonly addr: string;
  readonly port: number;
  readonly extraParameters: readonly string[];
}

/** In the order of nginx.conf, which is that of their names in Nix: without a default host, the first answers. */
export const hostsOf = ({ virtualHosts }: Nginx): [string, VirtualHost][] =>
  Object.entries(virtualHosts).sort(([left], [right]) => (left < right ? -1 : 1));

export const namesOf = (attribute: string, { serverName, serverAliases }: VirtualHost): string[] => [
  serverName ?? attribute,
  ...serverAliases,
];

/** Where a host answers HTTP: what it says itself, else the addresses of all. */
export function listenersOf(nginx: Nginx, host: VirtualHost): Listener[] {
  const port = nginx.defaultHTTPListenPort;
  if (host.listen.length > 0) {
    return host.listen
      .filter(({ ssl }) => !ssl)
      .map((each) => ({ ...each, port: each.port ?? 80, extraParameters: [...each.extraParameters] }));
  }
  const addresses = host.listenAddresses.length > 0 ? host.listenAddresses : nginx.defaultListenAddresses;
  return addresses.map((addr) => ({ addr, port, extraParameters: [] }));
}

/** The lines by which each group of recommended settings shows, in the words of nginx' manual. */
export const recommendedLines = {
  recommendedOptimisation: ['sendfile on;', 'tcp_nopush on;', 'tcp_nodelay on;', 'keepalive_timeout 65;'],
  recommendedTlsSettings: [
    'ssl_session_timeout 1d;',
    'ssl_session_cache shared:SSL:10m;',
    'ssl_session_tickets off;',
    'ssl_prefer_server_ciphers off;',
  ],
  recommendedGzipSettings: [
    'gzip on;',
    'gzip_static on;',
    'gzip_vary on;',
    'gzip_comp_level 5;',
    'gzip_min_length 256;',
    'gzip_proxied expired no-cache no-store private auth;',
    'gzip_types text/plain text/css text/javascript text/xml application/json application/xml image/svg+xml;',
  ],
  recommendedProxySettings: [
    'proxy_redirect off;',
    'proxy_connect_timeout 60s;',
    'proxy_send_timeout 60s;',
    'proxy_read_timeout 60s;',
    'proxy_http_version 1.1;',
  ],
} as const;

/** What a server behind nginx is told of a request. */
const proxyHeaders = [
  'proxy_set_header Host $host;',
  'proxy_set_header X-Real-IP $remote_addr;',
  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
  'proxy_set_header X-Forwarded-Proto $scheme;',
  'proxy_set_header X-Forwarded-Host $host;',
  'proxy_set_header X-Forwarded-Server $hostname;',
];

/** The lines of nginx.conf. */
export function configuration(nginx: Nginx): string[] {
  const wanted = Object.entries(recommendedLines) as [keyof typeof recommendedLines, readonly string[]][];
  return [
    `user ${nginx.user} ${nginx.group};`,
    'pid /run/nginx/nginx.pid;',
    'error_log stderr;',
    'daemon off;',
    'events {',
    '}',
    'http {',
    ...indented([
      'include /etc/nginx/mime.types;',
      'default_type application/octet-stream;',
      'types_hash_max_size 4096;',
      ...wanted.flatMap(([name, lines]) => (nginx[name] ? lines : [])),
      // For locations that pass WebSockets on.
      'map $http_upgrade $connection_upgrade {',
      '  default upgrade;',
      "  '' close;",
      '}',
      `client_max_body_size ${nginx.clientMaxBodySize};`,
      `server_tokens ${nginx.serverTokens ? 'on' : 'off'};`,
      ...linesOf(nginx.commonHttpConfig),
      ...hostsOf(nginx).flatMap(([name, host]) => serverBlock(nginx, name, host)),
      ...linesOf(nginx.appendHttpConfig),
    ]),
    '}',
  ];
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

function serverBlock(nginx: Nginx, name: string, host: VirtualHost): string[] {
  const listeners = listenersOf(nginx, host);
  // A host that speaks TLS alone has no place in a configuration without certificates.
  if (listeners.length === 0) return [];
  const locations = Object.entries(host.locations).sort(
    ([left, one], [right, other]) => one.priority - other.priority || (left < right ? -1 : 1),
  );
  return [
    'server {',
    ...indented([
      ...listeners.map((listener) => listenLine(listener, host.default)),
      `server_name ${namesOf(name, host).join(' ')};`,
      ...directive('root', host.root),
      ...(host.globalRedirect === null
        ? []
        : ['location / {', `  return ${host.redirectCode} http://${host.globalRedirect}$request_uri;`, '}']),
      ...locations.flatMap(([path, location]) => [
        `location ${path} {`,
        ...indented(locationLines(nginx, location)),
        '}',
      ]),
      ...linesOf(host.extraConfig),
    ]),
    '}',
  ];
}

/** An address in nginx' words: `0.0.0.0:80`. */
export const addressText = ({ addr, port }: Listener): string =>
  addr.startsWith('unix:') ? addr : `${addr}:${port}`;

function listenLine(listener: Listener, isDefault: boolean): string {
  const { extraParameters } = listener;
  return `listen ${[addressText(listener), ...(isDefault ? ['default_server'] : []), ...extraParameters].join(' ')};`;
}

/** A file that Nix alone knows has no path on the stand-in. */
const directive = (name: string, value: unknown): string[] =>
  typeof value === 'string' || typeof value === 'number' ? [`${name} ${value};`] : [];

const locationLines = (nginx: Nginx, location: Location): string[] => [
  ...directive('proxy_pass', location.proxyPass),
  ...(location.proxyWebsockets
    ? [
        'proxy_http_version 1.1;',
        'proxy_set_header Upgrade $http_upgrade;',
        'proxy_set_header Connection $connection_upgrade;',
      ]
    : []),
  ...directive('index', location.index),
  ...directive('try_files', location.tryFiles),
  ...directive('root', location.root),
  ...directive('alias', location.alias),
  ...directive('return', location.return),
  ...linesOf(location.extraConfig),
  ...(location.proxyPass !== null && nginx.recommendedProxySettings ? proxyHeaders : []),
];
