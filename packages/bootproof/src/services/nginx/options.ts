import { nixValue } from '../../nix/node.ts';
import { option, type ResolvedOf } from '../../options/option.ts';
import { types } from '../../options/types.ts';
import { nixosOnly, notProvable, notRealised } from '../service.ts';

const folder = 'nixos/modules/services/web-servers/nginx';
const main = { source: `${folder}/default.nix`, verdict: 'provable' } as const;
const host = { source: `${folder}/vhost-options.nix`, verdict: 'provable' } as const;
const place = { source: `${folder}/location-options.nix`, verdict: 'provable' } as const;

const ownLines = notProvable("they are nginx's own words, whose effect is not known here; nginx takes them");
const noCertificate = notRealised('the stand-in has no certificates, and answers HTTP alone');

const location = types.submodule({
  proxyPass: option({
    type: types.nullOr(types.str),
    default: null,
    example: 'http://127.0.0.1:3000',
    description: 'The server that requests are passed on to.',
    ...place,
  }),
  proxyWebsockets: option({
    type: types.bool,
    default: false,
    description: 'Whether connections of WebSocket are passed on too.',
    source: place.source,
    verdict: notProvable('only an application behind it would answer a WebSocket'),
  }),
  index: option({
    type: types.nullOr(types.str),
    default: null,
    example: 'index.php index.html',
    description: 'The files that a request for a folder is answered with, the first that is there.',
    ...place,
  }),
  tryFiles: option({
    type: types.nullOr(types.str),
    default: null,
    example: '$uri =404',
    description: 'The files that are looked for in turn, and what follows when none is there.',
    ...place,
  }),
  root: option({
    type: types.nullOr(types.path),
    default: null,
    example: '/var/www/html',
    description: 'The folder that files are taken from, by the whole path of the request.',
    ...place,
  }),
  alias: option({
    type: types.nullOr(types.path),
    default: null,
    example: '/srv/files',
    description: "The folder that stands for the location's path.",
    ...place,
  }),
  return: option({
    type: types.nullOr(types.oneOf([types.str, types.int])),
    default: null,
    example: '301 https://example.org$request_uri',
    description: 'The answer: a status, and a text or the URL of a redirection.',
    ...place,
  }),
  extraConfig: option({
    type: types.lines,
    default: '',
    description: 'Lines put at the end of the location as they are.',
    source: place.source,
    verdict: ownLines,
  }),
  priority: option({
    type: types.int,
    default: 1000,
    description: 'The place among the locations of the virtual host; smaller comes first.',
    source: place.source,
    verdict: notProvable('only locations with regular expressions depend on their order'),
  }),
});

const listen = types.submodule({
  addr: option({
    type: types.str,
    example: '[::]',
    description: 'An address, an IPv6 one in brackets, or `unix:` and the path of a socket.',
    ...host,
  }),
  port: option({
    type: types.nullOr(types.port),
    default: null,
    description: 'A port; null: 80.',
    ...host,
  }),
  ssl: option({
    type: types.bool,
    default: false,
    description: 'Whether TLS is spoken there.',
    source: host.source,
    verdict: noCertificate,
  }),
  proxyProtocol: option({
    type: types.bool,
    default: false,
    description: 'Whether the PROXY protocol is spoken there.',
    ...host,
    verdict: notRealised('the stand-in speaks plain HTTP'),
  }),
  extraParameters: option({
    type: types.listOf(types.str),
    default: [],
    example: ['backlog=1024'],
    description: 'Further parameters of the listen directive.',
    source: host.source,
    verdict: ownLines,
  }),
});

const tls = (description: string) =>
  option({ type: types.bool, default: false, description, source: host.source, verdict: noCertificate });

const virtualHost = types.submodule({
  serverName: option({
    type: types.nullOr(types.str),
    default: null,
    example: 'example.org',
    description: "The host's name; null: that of the attribute.",
    ...host,
  }),
  serverAliases: option({
    type: types.listOf(types.str),
    default: [],
    example: ['www.example.org'],
    description: 'Further names of the host.',
    ...host,
  }),
  listen: option({
    type: types.listOf(listen),
    default: [],
    example: [{ addr: '127.0.0.1', port: 8080 }],
    description: 'The addresses and ports that the host listens on; empty: `listenAddresses` on port 80.',
    ...host,
  }),
  listenAddresses: option({
    type: types.listOf(types.str),
    default: [],
    example: ['127.0.0.1', '[::1]'],
    description: 'The addresses that the host listens on; empty: those of `defaultListenAddresses`.',
    ...host,
  }),
  default: option({
    type: types.bool,
    default: false,
    description: 'Whether requests for names that no host has are answered by this one.',
    ...host,
  }),
  root: option({
    type: types.nullOr(types.path),
    default: null,
    example: '/var/www/html',
    description: 'The folder that files are taken from.',
    ...host,
  }),
  globalRedirect: option({
    type: types.nullOr(types.str),
    default: null,
    example: 'new.example.org',
    description: 'The host that all requests are redirected to; null: none.',
    ...host,
  }),
  redirectCode: option({
    type: types.ints.between(300, 399),
    default: 301,
    example: 308,
    description: 'The status of that redirection.',
    ...host,
  }),
  extraConfig: option({
    type: types.lines,
    default: '',
    description: 'Lines put at the end of the virtual host as they are.',
    source: host.source,
    verdict: ownLines,
  }),
  addSSL: tls('Whether HTTPS is spoken besides HTTP.'),
  onlySSL: tls('Whether HTTPS is spoken in place of HTTP.'),
  forceSSL: tls('Whether requests by HTTP are redirected to HTTPS.'),
  enableACME: tls("Whether a certificate is asked for at Let's Encrypt."),
  useACMEHost: option({
    type: types.nullOr(types.str),
    default: null,
    description: 'The name of a certificate of security.acme that the host takes.',
    source: host.source,
    verdict: noCertificate,
  }),
  locations: option({
    type: types.attrsOf(location),
    default: {},
    example: { '/': { return: '200 ok' } },
    description: 'What is answered below which path, by the words of the location directive.',
    ...host,
  }),
});

const recommended = (description: string) =>
  option({ type: types.bool, default: false, description, ...main });

export const options = {
  services: {
    nginx: {
      enable: option({
        type: types.bool,
        default: false,
        description: 'Whether to run the web server nginx.',
        ...main,
      }),
      package: option({
        type: types.package,
        default: nixValue({ kind: 'package', attrPath: ['nginxStable'] }),
        defaultText: 'pkgs.nginxStable',
        description: 'The package of nginx.',
        source: main.source,
        verdict: nixosOnly("the stand-in has Debian's nginx"),
      }),
      user: option({
        type: types.str,
        default: 'nginx',
        description: 'The user that nginx answers requests as.',
        ...main,
      }),
      group: option({
        type: types.str,
        default: 'nginx',
        description: 'The group that nginx answers requests as.',
        ...main,
      }),
      recommendedOptimisation: recommended('Whether files are sent in fewer system calls and packets.'),
      recommendedGzipSettings: recommended('Whether answers are compressed by gzip.'),
      recommendedProxySettings: recommended('Whether servers behind nginx are told who asked, and for what.'),
      recommendedTlsSettings: recommended('Whether sessions of TLS are kept in a cache, without tickets.'),
      serverTokens: option({
        type: types.bool,
        default: false,
        description: 'Whether answers tell the version of nginx.',
        ...main,
      }),
      clientMaxBodySize: option({
        type: types.str,
        default: '10m',
        description: 'The largest body of a request.',
        ...main,
      }),
      defaultListenAddresses: option({
        type: types.listOf(types.str),
        default: (config) => ['0.0.0.0', ...(config.get<boolean>('networking.enableIPv6') ? ['[::0]'] : [])],
        defaultText: '[ "0.0.0.0" ] ++ lib.optional config.networking.enableIPv6 "[::0]"',
        example: ['10.0.0.12'],
        description: 'The addresses of virtual hosts that name none.',
        ...main,
      }),
      defaultHTTPListenPort: option({
        type: types.port,
        default: 80,
        example: 8080,
        description: 'The port of virtual hosts that name none.',
        ...main,
      }),
      commonHttpConfig: option({
        type: types.lines,
        default: '',
        description: 'Lines put before the virtual hosts as they are: formats of logs, resolvers, maps.',
        source: main.source,
        verdict: ownLines,
      }),
      appendHttpConfig: option({
        type: types.lines,
        default: '',
        description: 'Lines put after the virtual hosts as they are.',
        source: main.source,
        verdict: ownLines,
      }),
      virtualHosts: option({
        type: types.attrsOf(virtualHost),
        default: {},
        example: { 'example.org': { root: '/var/www/html' } },
        description: 'The virtual hosts, by name.',
        ...main,
      }),
    },
  },
};

export type Nginx = ResolvedOf<typeof options>['services']['nginx'];
export type VirtualHost = Nginx['virtualHosts'][string];
export type Location = VirtualHost['locations'][string];
