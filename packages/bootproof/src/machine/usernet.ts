import { BootproofError } from '../base/errors.ts';
import type { Deadline } from '../host/deadline.ts';
import type { QmpClient } from './qmp.ts';

/** A row of QEMU's `info usernet`: a listening forward, or a connection that runs through one. */
export interface UsernetRow {
  /** `HOST_FORWARD`, `SYN_SENT`, `ESTABLISHED`, … */
  readonly state: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
}

/** The TCP rows of `info usernet`, whose columns are printed by libslirp's slirp_connection_info. */
export function parseUsernet(text: string): UsernetRow[] {
  const rows: UsernetRow[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*TCP\[(\w+)\]\s+-?\d+\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s/.exec(line);
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
    const made = this.#find(guestPort).then((port) => port ?? this.#add(guestPort));
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

  async #find(guestPort: number): Promise<number | undefined> {
    const rows = parseUsernet(await this.#qmp.human('info usernet'));
    return rows.find((row) => row.state === 'HOST_FORWARD' && row.destinationPort === guestPort)?.sourcePort;
  }

  async #add(guestPort: number): Promise<number> {
    const said = (await this.#qmp.human(`hostfwd_add tcp:127.0.0.1:0-:${guestPort}`)).trim();
    const port = await this.#find(guestPort);
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
