import { BootproofError } from '../base/errors.ts';
import type { Deadline } from '../host/deadline.ts';
import type { QmpClient } from './qmp.ts';

export type Protocol = 'tcp' | 'udp';

/** A forward that one look has to itself, so that its connection is told from all others. */
export interface OwnForward {
  /** Of 127.0.0.1. */
  readonly port: number;
  remove(): Promise<void>;
}

/** A row of QEMU's `info usernet`: a listening forward, or a connection that runs through one. */
export interface UsernetRow {
  /** `HOST_FORWARD`, `SYN_SENT`, `ESTABLISHED`, … */
  readonly state: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
}

/** The rows of `info usernet` for one protocol, whose columns are printed by libslirp's slirp_connection_info. */
export function parseUsernet(text: string, protocol: Protocol = 'tcp'): UsernetRow[] {
  const rows: UsernetRow[] = [];
  const pattern = new RegExp(
    `^\\s*${protocol.toUpperCase()}\\[(\\w+)\\]\\s+-?\\d+\\s+(\\S+)\\s+(\\d+)\\s+(\\S+)\\s+(\\d+)\\s`,
  );
  for (const line of text.split('\n')) {
    const match = pattern.exec(line);
    if (!match) continue;
    const [, state = '', sourceAddress = '', sourcePort, destinationAddress = '', destinationPort] = match;
    rows.push({
      state,
      sourceAddress,
      sourcePort: Number(sourcePort),
      destinationAddress,
      destinationPort: Number(destinationPort),
    });
  }
  return rows;
}

/**
 * The forwards of a user-mode network. QEMU picks a free port of 127.0.0.1 itself (port 0 in the rule) and is then
 * asked which it took: between the picking and the binding nobody can take it away.
 */
export class Usernet {
  readonly #qmp: QmpClient;
  readonly #ports = new Map<number, Promise<number>>();
  /** Host ports of forwards that are removed again, which nobody else may be given. */
  readonly #own = new Set<number>();
  /** The forward that is being made: one at a time, since a new one is known only by what was not there before. */
  #making: Promise<unknown> = Promise.resolve();

  constructor(qmp: QmpClient) {
    this.#qmp = qmp;
  }

  /**
   * The port of 127.0.0.1 that leads to a guest's TCP port. One forward a guest port, made when there is none yet.
   *
   * @throws BootproofError when QEMU refuses, or the machine has no user-mode network.
   */
  forward(guestPort: number): Promise<number> {
    const known = this.#ports.get(guestPort);
    if (known) return known;
    const made = this.#find(guestPort).then((port) => port ?? this.#inTurn(() => this.#add(guestPort)));
    this.#ports.set(guestPort, made);
    made.catch(() => this.#ports.delete(guestPort));
    return made;
  }

  /**
   * Whether a connection through a forward still waits for the guest's kernel to answer its first packet. QEMU shows the
   * forward's port for each connection and not the connection's own, so one of several that waits counts for all.
   */
  async unanswered(port: number, deadline: Deadline): Promise<boolean> {
    const rows = parseUsernet(await this.#qmp.human('info usernet', { deadline }));
    return rows.some((row) => row.state.startsWith('SYN_') && row.sourcePort === port);
  }

  /**
   * A forward for a single look, besides those that are there.
   *
   * @throws BootproofError when QEMU refuses, or the machine has no user-mode network.
   */
  async ownForward(protocol: Protocol, guestPort: number): Promise<OwnForward> {
    const port = await this.#inTurn(async () => {
      const made = await this.#add(guestPort, protocol);
      this.#own.add(made);
      return made;
    });
    return {
      port,
      remove: async () => {
        await this.#qmp.human(`hostfwd_remove ${protocol}:127.0.0.1:${port}`);
        this.#own.delete(port);
      },
    };
  }

  /** The state of the connection through a forward, such as `SYN_SENT`; undefined when there is none, or none any more. */
  async tcpState(port: number): Promise<string | undefined> {
    const rows = parseUsernet(await this.#qmp.human('info usernet'));
    return rows.find((row) => row.state !== 'HOST_FORWARD' && row.sourcePort === port)?.state;
  }

  async #forwards(protocol: Protocol, guestPort: number): Promise<number[]> {
    const rows = parseUsernet(await this.#qmp.human('info usernet'), protocol);
    return rows
      .filter((row) => row.state === 'HOST_FORWARD' && row.destinationPort === guestPort)
      .map((row) => row.sourcePort);
  }

  async #find(guestPort: number): Promise<number | undefined> {
    return (await this.#forwards('tcp', guestPort)).find((port) => !this.#own.has(port));
  }

  #inTurn<T>(make: () => Promise<T>): Promise<T> {
    const made = this.#making.then(make);
    this.#making = made.catch(() => undefined);
    return made;
  }

  async #add(guestPort: number, protocol: Protocol = 'tcp'): Promise<number> {
    const before = await this.#forwards(protocol, guestPort);
    const said = (await this.#qmp.human(`hostfwd_add ${protocol}:127.0.0.1:0-:${guestPort}`)).trim();
    const port = (await this.#forwards(protocol, guestPort)).find((each) => !before.includes(each));
    if (port !== undefined) return port;
    throw new BootproofError(
      `QEMU made no forward to the guest's port ${guestPort}${said ? `: ${said}` : ''}`,
      {
        kind: 'unproven',
        hint: 'A forward needs a user-mode network.',
      },
    );
  }
}
