import type { HttpRequest } from '../../probes/kinds/http.ts';
import { httpAnswer, httpFolder, httpProxy } from '../../probes/kinds/http.ts';
import type { Probe, ProbeFault } from '../../probes/probe.ts';
import { answerOf, chosen, matchOf } from './answers.ts';
import { addressText, hostsOf, listenersOf, namesOf } from './configuration.ts';
import {
  defaultTaken,
  folderElsewhere,
  listensElsewhere,
  nameTaken,
  otherIndex,
  otherLastResort,
  type Place,
  passedNowhere,
  type Returned,
  returnFaults,
  seenOfIntruder,
} from './faults.ts';
import type { Location, Nginx, VirtualHost } from './options.ts';

const after = ['nginx/unit'];

/** A name that no host has: nginx answers it with its default host. */
const nobody = 'bootproof.invalid';

/** Words of nginx' own in extra lines that would change an answer that follows from the options. */
const rewriting = /\b(return|rewrite|if|try_files|proxy_pass|root|alias|error_page|auth_\w+|deny|internal)\b/;

/** What is asked of one virtual host, and how. */
interface Asked {
  readonly nginx: Nginx;
  readonly name: string;
  readonly host: VirtualHost;
  /** The path of its options: `services.nginx.virtualHosts."a"`. */
  readonly path: string;
  readonly request: HttpRequest;
  /** Where it listens, in nginx' words. */
  readonly listeners: readonly string[];
}

/** Where a host, or one of its locations, is in nginx.conf. */
const placeOf = ({ name, host }: Asked, location = ''): Place => ({
  host: name,
  server: namesOf(name, host)[0] ?? name,
  location,
});

/** The probes of all virtual hosts: their locations' answers, and that names and addresses choose the right host. */
export function hostProbes(nginx: Nginx): Probe[] {
  return hostsOf(nginx).flatMap(([name, host]) => {
    const [address] = addressesOf(nginx, host);
    const named = namesOf(name, host)
      .map(askable)
      .find((each) => each !== undefined);
    const asked = named ?? (host.default ? nobody : undefined);
    // Where extra lines or TLS decide, what is answered is not known here.
    if (address === undefined || asked === undefined || rewriting.test(host.extraConfig)) return [];
    if (host.onlySSL || host.forceSSL) return [];
    const request = { address: address.address, port: address.port, host: asked, path: '/' };
    const path = `services.nginx.virtualHosts.${JSON.stringify(name)}`;
    const listeners = listenersOf(nginx, host).map(addressText);
    const at = { nginx, name, host, path, request, listeners };
    return [
      ...Object.entries(host.locations).flatMap(([words, location]) => locationProbes(at, words, location)),
      ...rootProbes(at),
      ...redirectProbes(at),
      ...choiceProbes(at),
    ];
  });
}

/** A name that a client may ask for; undefined for patterns that hold for none in particular. */
function askable(name: string): string | undefined {
  if (name.startsWith('*.')) return `bootproof${name.slice(1)}`;
  if (name.startsWith('.')) return name.slice(1);
  return /^[\w-]+(\.[\w-]+)*$/.test(name) && name !== '_' ? name : undefined;
}

/** Where the machine itself reaches a host. Sockets in the file system are left out. */
function addressesOf(nginx: Nginx, host: VirtualHost): { address: string; port: number; listener: string }[] {
  const proxied = new Set(host.listen.filter((each) => each.proxyProtocol).map(({ addr }) => addr));
  const all = listenersOf(nginx, host)
    .filter(({ addr }) => !addr.startsWith('unix:') && !proxied.has(addr))
    .map((each) => {
      const plain = each.addr.replace(/^\[(.*)\]$/, '$1');
      const at = { port: each.port, listener: addressText(each) };
      if (['0.0.0.0', '*', 'localhost'].includes(plain)) return { address: '127.0.0.1', ...at };
      return { address: ['::', '::0'].includes(plain) ? '::1' : plain, ...at };
    });
  return all.filter(
    (one, index) =>
      all.findIndex((other) => other.address === one.address && other.port === one.port) === index,
  );
}

/** A path that this location answers; undefined when none is known. */
function pathOf({ host }: Asked, words: string, below = ''): string | undefined {
  const { kind, path } = matchOf(words);
  const all = Object.keys(host.locations);
  const candidates = kind === 'exact' ? [path] : [`${path}${below}`, `${path.replace(/\/$/, '')}/bootproof`];
  if (kind === 'pattern' || kind === 'named') return undefined;
  return candidates.slice(0, below === '' ? 2 : 1).find((each) => chosen(all, each) === words);
}

function locationProbes(at: Asked, words: string, location: Location): Probe[] {
  const path = pathOf(at, words);
  if (path === undefined || rewriting.test(location.extraConfig)) return [];
  const option = `${at.path}.locations.${JSON.stringify(words)}`;
  const id = `nginx/${at.name}:${words.replaceAll(/\s+/g, '')}`;
  const request = { ...at.request, path };
  if (location.return !== null) {
    return answerProbe(id, request, location.return, [`${option}.return`], (answer) => [
      ...returnFaults(placeOf(at, words), answer),
      nameFault(at, request.host, seenOfIntruder(answer)),
    ]);
  }
  if (location.proxyPass !== null) return proxyProbe(at, id, request, location.proxyPass, words, option);
  return [...filesProbes(at, id, words, location, option), ...lastResort(at, id, words, location, option)];
}

function answerProbe(
  id: string,
  request: HttpRequest,
  value: string | number,
  proves: readonly string[],
  faultsOf: (answer: Returned) => readonly ProbeFault[],
): Probe[] {
  const answer = answerOf(value, request);
  if (answer === undefined) return [];
  const { status, body, location } = answer;
  const headers = location === null ? {} : { location };
  const faults = faultsOf(answer);
  return [httpAnswer.probe({ id, params: { ...request, status, body, headers }, proves, after, faults })];
}

/** Another host has the name that is asked for; `seen` is what is seen of its answer. */
const nameFault = ({ name, listeners }: Asked, asked: string, seen: string): ProbeFault => ({
  ...nameTaken(name, asked, listeners),
  seen,
});

/** Of servers on the machine itself: nothing else is there while it is tested. */
function proxyProbe(
  at: Asked,
  id: string,
  request: HttpRequest,
  target: string,
  words: string,
  option: string,
): Probe[] {
  const match = /^http:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::(\d+))?(\/[^$]*)?$/.exec(target);
  if (match === null) return [];
  const [, name = '', port = '80', uri] = match;
  const rest = request.path.slice(matchOf(words).path.length);
  const upstream = {
    address: name === 'localhost' ? '127.0.0.1' : name.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port),
    // Without the recommended settings nginx asks for the name that proxyPass has.
    host: at.nginx.recommendedProxySettings
      ? request.host
      : `${name}${match[2] === undefined ? '' : `:${port}`}`,
    path: uri === undefined ? request.path : `${uri}${rest}`,
  };
  const proves = [`${option}.proxyPass`];
  const faults = [passedNowhere(placeOf(at, words)), nameFault(at, request.host, '^418, "mutation"$')];
  return [httpProxy.probe({ id, params: { ...request, upstream }, proves, after, faults })];
}

/** What a location serves from a folder, if it is about a folder at all. */
function filesProbes(at: Asked, id: string, words: string, location: Location, option: string): Probe[] {
  const { kind, path } = matchOf(words);
  if (kind === 'exact' || !path.endsWith('/') || location.tryFiles !== null) return [];
  const own = location.alias !== null ? 'alias' : location.root !== null ? 'root' : undefined;
  const root = own === undefined ? at.host.root : location[own];
  if (typeof root !== 'string') return [];
  const folder = own === 'alias' ? root : `${root.replace(/\/$/, '')}${path}`;
  const params = { ...at.request, path, folder: folder.replace(/(.)\/$/, '$1') };
  const except = exceptions(at, path);
  const index = (location.index ?? '').split(/\s+/).filter((each) => /^[\w.-]+$/.test(each));
  const faults = folderFaults(at, own === undefined ? placeOf(at) : placeOf(at, words), own ?? 'root');
  return [
    ...(own === undefined || except === undefined
      ? []
      : [
          httpFolder.probe({
            id,
            params: { ...params, index: [], except },
            proves: [`${option}.${own}`],
            after,
            faults,
          }),
        ]),
    ...(index.length === 0
      ? []
      : [
          httpFolder.probe({
            id: `${id}#index`,
            params: { ...params, index, except: [] },
            proves: [`${option}.index`],
            after,
            faults: [...faults, otherIndex(placeOf(at, words))],
          }),
        ]),
  ];
}

/** What is wrong when the files do not come from the declared folder. */
const folderFaults = (at: Asked, place: Place, directive: 'root' | 'alias'): ProbeFault[] => [
  { ...folderElsewhere(place, directive), seen: '^HTTP/1\\.1 404\\b' },
  nameFault(at, at.request.host, '^HTTP/1\\.1 418\\b'),
];

/** Paths below a folder's that other locations answer, relative to it; undefined when they cannot be told. */
function exceptions({ host }: Asked, path: string): string[] | undefined {
  const others = Object.keys(host.locations).map(matchOf);
  if (others.some(({ kind }) => kind === 'pattern')) return undefined;
  return others
    .filter((each) => each.path.startsWith(path) && each.path !== path)
    .map((each) => each.path.slice(path.length));
}

/** `try_files … =404`: what is not there has this status. */
function lastResort(at: Asked, id: string, words: string, location: Location, option: string): Probe[] {
  const status = /\s=(\d{3})$/.exec(location.tryFiles ?? '')?.[1];
  const path = pathOf(at, words, 'bootproof-asks-for-nothing');
  if (status === undefined || path === undefined) return [];
  const params = { ...at.request, path, status: Number(status), body: null, headers: {} };
  const faults = [
    otherLastResort(placeOf(at, words), Number(status)),
    nameFault(at, at.request.host, '^418$'),
  ];
  return [httpAnswer.probe({ id: `${id}#nothing`, params, proves: [`${option}.tryFiles`], after, faults })];
}

/** The host's own folder, unless its location `/` is about something else. */
function rootProbes(at: Asked): Probe[] {
  const { root, locations, globalRedirect } = at.host;
  const top = Object.entries(locations).find(([words]) => matchOf(words).path === '/')?.[1];
  const except = exceptions(at, '/');
  const taken = [top?.return, top?.proxyPass, top?.root, top?.alias, top?.tryFiles, globalRedirect];
  if (typeof root !== 'string' || except === undefined) return [];
  if (taken.some((each) => each !== null && each !== undefined)) return [];
  const params = { ...at.request, folder: root, index: [], except };
  const faults = folderFaults(at, placeOf(at), 'root');
  return [
    httpFolder.probe({ id: `nginx/${at.name}#root`, params, proves: [`${at.path}.root`], after, faults }),
  ];
}

function redirectProbes(at: Asked): Probe[] {
  const { host, name, path, request } = at;
  if (host.globalRedirect === null) return [];
  const value = `${host.redirectCode} http://${host.globalRedirect}$request_uri`;
  const proves = [`${path}.globalRedirect`, `${path}.redirectCode`];
  return answerProbe(`nginx/${name}#redirect`, request, value, proves, (answer) => [
    ...returnFaults(placeOf(at, '/'), answer),
    nameFault(at, request.host, seenOfIntruder(answer)),
  ]);
}

/** That each of a host's names and addresses leads to it. Asked where its answer is no other host's. */
function choiceProbes(at: Asked): Probe[] {
  const { nginx, name, host, path, request } = at;
  const telling = Object.entries(host.locations).find(
    ([words, { return: value, extraConfig }]) =>
      value !== null &&
      !rewriting.test(extraConfig) &&
      pathOf(at, words) !== undefined &&
      isOwn(at, pathOf(at, words) ?? '', value),
  );
  if (telling === undefined) return [];
  const [words, { return: value }] = telling;
  const asked = { ...request, path: pathOf(at, words) ?? '/' };
  const ask = (
    what: string,
    more: Partial<HttpRequest>,
    proves: readonly string[],
    faultsOf: (answer: Returned) => readonly ProbeFault[],
  ): Probe[] => answerProbe(`nginx/${name}@${what}`, { ...asked, ...more }, value ?? '', proves, faultsOf);
  const askName = (what: string, as: string, option: string): Probe[] =>
    ask(what, { host: as }, [`${path}.${option}`], (answer) => [nameFault(at, as, seenOfIntruder(answer))]);
  const source =
    host.listen.length > 0 ? 'listen' : host.listenAddresses.length > 0 ? 'listenAddresses' : undefined;
  const reached =
    source === undefined
      ? ['services.nginx.defaultListenAddresses', 'services.nginx.defaultHTTPListenPort']
      : [`${path}.${source}`];
  const own = askable(host.serverName ?? name);
  return [
    ...(host.serverName === null || own === undefined ? [] : askName(own, own, 'serverName')),
    ...host.serverAliases.flatMap((alias) => {
      const as = askable(alias);
      return as === undefined ? [] : askName(alias, as, 'serverAliases');
    }),
    ...(host.default
      ? ask('anything', { host: nobody }, [`${path}.default`], (answer) => [
          { ...defaultTaken(name, at.listeners), seen: seenOfIntruder(answer) },
        ])
      : []),
    ...addressesOf(nginx, host).flatMap(({ address, port, listener }) =>
      ask(`${address}:${port}`, { address, port }, reached, (answer) => [
        listensElsewhere(listener),
        nameFault(at, asked.host, seenOfIntruder(answer)),
      ]),
    ),
  ];
}

/** Whether no other host would give this answer to the same request. */
function isOwn({ nginx, name }: Asked, path: string, value: string | number): boolean {
  return hostsOf(nginx)
    .filter(([other]) => other !== name)
    .every(([, { locations }]) => {
      const words = chosen(Object.keys(locations), path);
      const other = words === undefined ? undefined : locations[words]?.return;
      return String(other) !== String(value);
    });
}
