import { literally, rewrite } from '../../probes/fault-commands.ts';
import { commandOutput } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

/** What can be made wrong for a command to print something else; undefined for a command of another kind. */
type Maker = (command: string, output: string) => Sketch | undefined;

const hostId: Maker = (command) =>
  command === 'hostid'
    ? {
        id: 'host-id',
        title: 'the host id is another one',
        // gethostid(3) reads four bytes, least significant first here.
        fault: running(['rm -f /etc/hostid', "printf '\\001\\002\\003\\004' > /etc/hostid"]),
        says: /^04030201$/,
      }
    : undefined;

const hostKey: Maker = (command, output) => {
  const path = /^ssh-keygen -l -f (\S+)/.exec(command)?.[1];
  if (path === undefined) return undefined;
  const type = output === 'ECDSA' ? 'ed25519' : 'ecdsa';
  return {
    id: `host-key${path}`,
    title: `the host key ${path} is of the type ${type}`,
    fault: running([
      `rm -f ${quote(path)} ${quote(`${path}.pub`)}`,
      `ssh-keygen -q -t ${type} -N '' -f ${quote(path)}`,
    ]),
    says: new RegExp(type.toUpperCase()),
  };
};

/** systemd-boot's own configuration: a yes or no that the command reads out of it. */
const loaderEditor: Maker = (command, output) => {
  const path = /(\/\S+\/loader\.conf)/.exec(command)?.[1];
  if (path === undefined || !command.includes('editor')) return undefined;
  const other = output === 'yes' ? 'no' : 'yes';
  return {
    id: `loader-editor${path}`,
    title: `${path} says editor ${other}`,
    fault: running(
      rewrite(path, (copy) => `sed -i -E '/^editor[[:space:]]/d' ${copy}; echo 'editor ${other}' >> ${copy}`),
    ),
    says: new RegExp(`^${other}$`),
  };
};

/** A setting of the kernel that a command reads: a number is made one more. */
const sysctl: Maker = (command, output) => {
  const name = /^(?:cat \/proc\/sys\/|sysctl -n )(\S+)$/.exec(command)?.[1]?.replaceAll('.', '/');
  if (name === undefined || !/^\d+$/.test(output)) return undefined;
  const other = output === '0' ? '1' : '0';
  return {
    id: `sysctl/${name}`,
    title: `${name} of /proc/sys is ${other}`,
    fault: running([`echo ${other} > /proc/sys/${name}`]),
    says: new RegExp(`^${literally(other)}$`),
  };
};

const makers: readonly Maker[] = [hostId, hostKey, loaderEditor, sysctl];

export const commandDerivers = [
  from(commandOutput, ({ command, output }) => makers.flatMap((make) => make(command, output) ?? [])),
];
