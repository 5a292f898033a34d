import { Deadline } from '../host/deadline.ts';
import { Scope } from '../host/scope.ts';
import type { Agent } from '../machine/agent.ts';
import { Guest, type OpenSsh } from '../machine/guest.ts';
import type { Machine } from '../machine/machine.ts';
import { ShellPool } from '../machine/shell-pool.ts';
import { connectSsh } from '../machine/ssh.ts';
import { machineTarget } from '../machine/target.ts';
import type { Usernet } from '../machine/usernet.ts';
import { Way } from '../machine/way.ts';
import type { CommandResult, ImageInspection, Target } from '../probes/target.ts';

/** How long a question to the agent, and a handshake, may take in a machine that is up. Milliseconds. */
const askMs = 4000;
/** Longer for a ping: an agent that is merely late, as Proxmox has it, is to be told from one that is silent. */
const pingMs = 5500;
const handshakeMs = 6000;
/** How long SSH may take to open: the first key exchange after a snapshot is slow without KVM. Milliseconds. */
const openMs = 60_000;
const commandMs = 60_000;

/** The machine as it is after its snapshot was put back, until the next time. */
export interface Session {
  readonly target: Target;
  execute(command: string): Promise<CommandResult>;
  close(): void;
}

/** A machine that was booted without a way in by SSH: each session makes its own connection. */
export interface SessionParts {
  readonly machine: Machine;
  readonly usernet: Usernet;
  readonly inspection: ImageInspection;
  readonly ssh: { readonly guestPort: number; readonly privateKey: string } | undefined;
}

/** Answers that do not come from a shell: the same for both ways, and each with a short deadline. */
function outsideOf({ machine, inspection }: SessionParts, shell: 'agent' | 'ssh'): Target {
  const deadlineMs = askMs;
  return {
    ...machineTarget(machine, inspection),
    bootState: () => ({ ...machine.bootState(), shell }),
    agent: {
      ping: () => machine.agent.ping({ deadlineMs: pingMs }),
      hostName: () => machine.agent.hostName({ deadlineMs }),
      networkInterfaces: () => machine.agent.networkInterfaces({ deadlineMs }),
    },
    // The driver holds no connection of its own to this machine: each handshake is a new one.
    ssh: { handshake: (guestPort) => machine.sshHandshake(guestPort, { deadlineMs: handshakeMs }) },
  };
}

/** Commands go through the guest agent, which takes up again by itself after a snapshot. */
export function openAgentSession(parts: SessionParts): Session {
  return {
    target: outsideOf(parts, 'agent'),
    execute: (command) => parts.machine.execute(command, { deadlineMs: commandMs }),
    close: () => undefined,
  };
}

/** Commands go over a new SSH connection. */
export async function openSshSession(parts: SessionParts): Promise<Session> {
  const { machine, usernet, ssh } = parts;
  if (ssh === undefined) throw new Error('the host has no SSH server');
  const connection = await connectSsh({
    port: await machine.forwardPort(ssh.guestPort),
    login: { user: 'root', privateKey: ssh.privateKey },
    deadline: Deadline.after(openMs),
    scope: machine.scope,
    unanswered: (port, by) => usernet.unanswered(port, by),
  });
  const scope = new Scope();
  const leave = machine.scope.onClose((reason) => scope.close(reason));
  const way = new Way<OpenSsh>('SSH', scope, async () => ({
    connection,
    shells: new ShellPool(connection),
  }));
  way.begin();
  const agent = Way.absent<Agent>('guest agent', 'it is not asked here');
  const guest = new Guest({ ssh: way, agent }, scope, () => machine.now());
  const execute = (command: string) => guest.execute(command, { deadlineMs: commandMs, via: 'ssh' });
  await way.opened;
  return {
    target: {
      ...outsideOf(parts, 'ssh'),
      execute,
      readFile: (path) => guest.readFile(path),
      unitInfo: (unit) => guest.unitInfo(unit),
    },
    execute,
    close: () => {
      leave();
      connection.close();
    },
  };
}
