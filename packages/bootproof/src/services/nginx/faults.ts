import { awaitSuccess, exactly, literally, overlay } from '../../probes/fault-commands.ts';
import type { ProbeFault, SharedFault } from '../../probes/probe.ts';
import { quote } from '../../probes/shell.ts';
import { runningConfiguration } from './configuration.ts';

/** Lays an edited configuration over the one that nginx was started with. */
const edited = (filter: string): string[] => [runningConfiguration, ...overlay('"$file"', filter)];

/** The workers, who give the answers: processes of the unit besides the main one. They are there once the ports are open. */
const hasWorkers =
  '[ "$(wc -l < "/sys/fs/cgroup$(systemctl show -P ControlGroup nginx.service)/cgroup.procs")" -gt 1 ]';

/** nginx runs with an edited configuration. It is not told to read it anew, since then the old workers answer for a while. */
const reconfigured = (filter: string): string[] => [
  ...edited(filter),
  'systemctl restart nginx.service',
  awaitSuccess(hasWorkers),
];

/** A place in the configuration: a virtual host, and one of its locations or none. */
export interface Place {
  /** By the name of its option, which no other has. */
  readonly host: string;
  /** The first of the names after `server_name`. */
  readonly server: string;
  /** The words after `location`; empty: in no location. */
  readonly location: string;
}

const nameOf = ({ host, location }: Place): string => `${host}:${location.replaceAll(/\s+/g, '')}`;

/** Another line stands in the place of a directive. */
const replaced = ({ server, location }: Place, directive: string, line: string): string[] => {
  const program = [
    '$1 == "server_name" { server = $2; sub(/;$/, "", server) }',
    '$1 == "location" { at = $0; gsub(/^ *location +| *[{] *$/, "", at) }',
    '$1 == "}" { at = "" }',
    'server == inServer && at == inLocation && $1 == directive { print line; next }',
    '{ print }',
  ].join(' ');
  const values = { inServer: server, inLocation: location, directive, line };
  const given = Object.entries(values).map(([name, value]) => `-v ${name}=${quote(value)}`);
  return reconfigured(`awk ${given.join(' ')} ${quote(program)}`);
};

/** What a probe says of an answer, when it looks at its text or at where it leads. */
const answered = (status: number, part: 'text' | 'location' | undefined, value: string): string =>
  part === 'location'
    ? exactly(`${status}, location: ${value}`)
    : exactly(part === undefined ? String(status) : `${status}, ${JSON.stringify(value)}`);

/** What a `return` gives: its status, and what else is looked at. */
export interface Returned {
  readonly status: number;
  readonly body: string | null;
  readonly location: string | null;
}

const partOf = ({ body, location }: Returned): 'text' | 'location' | undefined =>
  location !== null ? 'location' : body === null ? undefined : 'text';

/** A location returns another status; and another text, or leads elsewhere. */
export function returnFaults(place: Place, returned: Returned): ProbeFault[] {
  const { status } = returned;
  const other = status === 503 ? 500 : 503;
  const part = status === 204 ? undefined : partOf(returned);
  const value = part === 'location' ? 'http://mutation.invalid/' : 'mutation';
  return [
    {
      id: `nginx-status/${nameOf(place)}`,
      title: `nginx answers ${place.location} of ${place.host} with the status ${other}`,
      commands: replaced(place, 'return', `return ${other};`),
      seen: `^${other}\\b`,
    },
    ...(part === undefined
      ? []
      : [
          {
            id: `nginx-${part}/${nameOf(place)}`,
            title: `nginx answers ${place.location} of ${place.host} with another ${part}`,
            commands: replaced(place, 'return', `return ${status} ${JSON.stringify(value)};`),
            seen: answered(status, part, value),
          },
        ]),
  ];
}

/** A virtual host that answers everything with 418, before all others. */
const intruder = (listeners: readonly string[], name: string): string => {
  const block = [...listeners.map((at) => `listen ${at};`), `server_name ${name};`, 'return 418 "mutation";'];
  return `awk -v block=${quote(`server { ${block.join(' ')} }`)} '$1 == "server" && $2 == "{" && !told { print block; told = 1 } { print }'`;
};

/** What a probe of an answer sees when the intruder gives it. */
export const seenOfIntruder = (returned: Returned): string =>
  answered(418, partOf(returned), partOf(returned) === 'location' ? '(none)' : 'mutation');

/** A host is missing under one of its names, because another one has it. `listeners` are the words after `listen`. */
export const nameTaken = (host: string, name: string, listeners: readonly string[]): SharedFault => ({
  id: `nginx-name-taken/${host}/${name}`,
  title: `another virtual host answers for ${name}`,
  commands: reconfigured(intruder(listeners, name)),
});

/** A host is the default no more. */
export const defaultTaken = (host: string, listeners: readonly string[]): SharedFault => ({
  id: `nginx-default-taken/${host}`,
  title: `another virtual host than ${host} answers for names that none has`,
  commands: reconfigured(`sed 's/ default_server//' | ${intruder(listeners, 'mutation.invalid')}`),
});

/** Nobody listens on an address, but on another port of it. `at` is as nginx writes it: `0.0.0.0:80`. */
export function listensElsewhere(at: string): ProbeFault {
  const [, address = '', port = ''] = /^(.*):(\d+)$/.exec(at) ?? [];
  const other = Number(port) > 60_000 ? Number(port) - 2000 : Number(port) + 2000;
  return {
    id: `nginx-listens-elsewhere/${at}`,
    title: `nginx listens on ${address}:${other} and not on ${at}`,
    commands: reconfigured(`sed -E 's/^( *listen +)${literally(at)}([ ;])/\\1${address}:${other}\\2/'`),
    seen: '^no answer .*[\\s\\S]*Connection refused',
  };
}

/** A location serves from a folder that is not there. */
export const folderElsewhere = (place: Place, directive: 'root' | 'alias'): SharedFault => ({
  id: `nginx-folder/${nameOf(place)}`,
  title: `nginx serves ${place.location || 'the files'} of ${place.host} from a folder that is not there`,
  commands: replaced(place, directive, `${directive} /run/mutation.site;`),
});

/** A folder has another index. */
export const otherIndex = (place: Place): ProbeFault => ({
  id: `nginx-index/${nameOf(place)}`,
  title: `nginx takes another file for the index of ${place.location} of ${place.host}`,
  commands: replaced(place, 'index', 'index mutation.html;'),
  seen: '^HTTP/1\\.1 403\\b',
});

/** What is not there is answered otherwise. */
export const otherLastResort = (place: Place, status: number): ProbeFault => ({
  id: `nginx-last-resort/${nameOf(place)}`,
  title: `nginx answers what is not in ${place.location} of ${place.host} with another status`,
  commands: replaced(place, 'try_files', `try_files $uri =${status === 503 ? 500 : 503};`),
  seen: `^${status === 503 ? 500 : 503}\\b`,
});

/** Requests are passed on to where nobody is: port 9 is the one of the service discard. */
export const passedNowhere = (place: Place): ProbeFault => ({
  id: `nginx-proxy/${nameOf(place)}`,
  title: `nginx passes ${place.location} of ${place.host} on to a port where nobody listens`,
  commands: replaced(place, 'proxy_pass', 'proxy_pass http://127.0.0.1:9;'),
  seen: '^502, ',
});

/** The file was broken after nginx had been started with it. */
export const brokenFile: ProbeFault = {
  id: 'nginx-configuration-broken',
  title: "nginx' configuration has a line that nginx does not know",
  commands: edited("sed '1i mutation;'"),
  seen: 'unknown directive "mutation"',
};

/** nginx runs without one of the lines that are looked for. */
export const lineMissing = (line: string, lines: readonly string[]): ProbeFault => ({
  id: `nginx-line-missing/${line.split(' ')[0]}`,
  title: `nginx runs without “${line}”`,
  commands: reconfigured(`sed -E '/^[[:space:]]*${literally(line).replaceAll(' ', '[[:space:]]+')}$/d'`),
  seen: exactly(...lines.filter((each) => each !== line)),
});

/** The workers are of another user, and of another group. */
export const workersOf = (user: string, group: string): ProbeFault[] => {
  const other = (name: string): string => (name === 'root' ? 'nobody' : 'root');
  const otherGroup = group === 'root' ? 'nogroup' : 'root';
  const as = (id: string, who: string, seen: string): ProbeFault => ({
    id: `nginx-${id}`,
    title: `nginx answers requests as another ${id} than ${id === 'user' ? user : group}`,
    commands: reconfigured(`sed 's/^user .*/user ${who};/'`),
    seen: exactly(seen),
  });
  return [
    as('user', `${other(user)} ${group}`, `${other(user)} ${group}`),
    as('group', `${user} ${otherGroup}`, `${user} ${otherGroup}`),
  ];
};
