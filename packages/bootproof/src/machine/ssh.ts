import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import ssh2 from 'ssh2';
import { BootproofError } from '../base/errors.ts';
import { atDeadline, Deadline } from '../host/deadline.ts';
import { type Look, poll } from '../host/poll.ts';
import { Scope } from '../host/scope.ts';
import type { SshHandshake } from '../probes/target.ts';

/** A key pair that lives as long as its machine. */
export interface SshKeyPair {
  /** In OpenSSH's format. */
  readonly privateKey: string;
  /** One line, as authorized_keys holds it. */
  readonly publicKey: string;
}

/**
 * Makes a fresh ed25519 key pair. ssh2 1.17 writes about one pair in 300 so that neither it nor OpenSSH can read it, and
 * a machine that was given such a key lets nobody in: each pair is read back, and made anew when that fails.
 */
export function makeSshKeyPair(): SshKeyPair {
  for (let attempt = 1; ; attempt += 1) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'bootproof' });
    const faults = [pair.private, pair.public].map((text) => ssh2.utils.parseKey(text));
    const fault = faults.find((parsed) => parsed instanceof Error);
    if (fault === undefined) return { privateKey: pair.private, publicKey: pair.public };
    if (attempt === 20) throw fault;
  }
}

/** The server is there and will not let this key in: waiting longer changes nothing. */
export class SshRefused extends BootproofError {
  constructor(methods: readonly string[]) {
    super(`SSH refused the driver's key; it offers ${methods.join(', ') || 'no method'}`, {
      kind: 'unproven',
      hint: 'The key comes as a systemd credential in an SMBIOS string: is that on the command line, and does PermitRootLogin let a key in?',
    });
    this.name = 'SshRefused';
  }
}

/** An open connection. */
export interface SshConnection {
  readonly client: ssh2.Client;
  readonly facts: SshHandshake;
  /** Closes when the connection ends. */
  readonly scope: Scope;
  close(): void;
}

export interface SshOptions {
  /** The port of 127.0.0.1 that leads to the guest's. */
  readonly port: number;
  /** How to log in; without it nothing is tried but the method `none`, and the connection is closed after it. */
  readonly login?: { readonly user: string; readonly privateKey: string };
  readonly deadline: Deadline;
  readonly scope: Scope;
  /** Whether the guest has left a connection through that forward unanswered (`Usernet.unanswered`). */
  readonly unanswered: (port: number, deadline: Deadline) => Promise<boolean>;
  /** Told, after each attempt that came to nothing, why. */
  readonly onSeen?: (seen: string) => void;
}

/**
 * How often to look whether the guest's kernel has answered a connection, and how long it may leave one unanswered before
 * another is tried: at first, and once it has been heard at all, when it is only slow. Milliseconds.
 */
const answerGapMs = 400;
const patienceMs = { unheard: 400, heard: 4000 };

/**
 * Connects to the guest's SSH server, again and again until the deadline. QEMU accepts on its forward before anybody
 * listens behind it, so a connection that is dropped, or that the guest's kernel does not answer, is a "not yet". One
 * that the guest has accepted is held, however slow: under emulation each new connection costs it half a second.
 *
 * @throws SshRefused when the server does not take the key; PollTimeout at the deadline.
 */
export async function connectSsh(options: SshOptions): Promise<SshConnection> {
  const { deadline, scope } = options;
  let heard = false;
  let last: string | undefined;
  return poll<SshConnection>({
    deadline,
    scope,
    describe: 'SSH to answer',
    firstGapMs: 100,
    maxGapMs: 300,
    attempt: async () => {
      const attempt = new Attempt(options, heard ? patienceMs.heard : patienceMs.unheard);
      try {
        const look = await scope.race(attempt.outcome);
        if (look.done) return look;
        heard ||= attempt.heard;
        // An attempt that the deadline cut off before anything came says less than the one before it.
        const seen = attempt.heard || !deadline.expired ? look.seen : (last ?? look.seen);
        last = seen;
        options.onSeen?.(seen);
        return { done: false, seen };
      } catch (error) {
        attempt.drop();
        throw error;
      }
    },
  });
}

/** The facts of a server, from a connection that is closed again. */
export async function sshHandshake(options: Omit<SshOptions, 'login'>): Promise<SshHandshake> {
  const connection = await connectSsh(options);
  connection.close();
  return connection.facts;
}

/** One connection, from its first packet to a login. */
class Attempt {
  readonly outcome: Promise<Look<SshConnection>>;
  /** The guest's kernel has answered, if only to say no. */
  heard = false;
  readonly #options: SshOptions;
  readonly #patienceMs: number;
  readonly #client = new ssh2.Client();
  readonly #scope = new Scope();
  #socket: Socket | undefined;
  #banner: string | undefined;
  #facts: Partial<SshHandshake> = {};
  #finish: (look: Look<SshConnection>) => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(options: SshOptions, patienceMs: number) {
    this.#options = options;
    this.#patienceMs = patienceMs;
    const callOff = atDeadline(options.deadline, () => this.drop());
    this.outcome = new Promise<Look<SshConnection>>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    }).finally(callOff);
    this.outcome.catch(() => undefined);
    this.#connect();
  }

  /** Gives the connection up. */
  drop(seen = this.#reached()): void {
    this.#finish({ done: false, seen });
    this.#client.destroy();
    this.#socket?.destroy();
    this.#scope.close(new BootproofError(`the SSH connection ended: ${seen}`, { kind: 'unproven' }));
  }

  #reached(): string {
    if (this.#banner === undefined) return "QEMU's forward took the connection, but no banner came";
    return this.#facts.kex === undefined
      ? `${this.#banner}, but no key exchange`
      : `${this.#banner}, key exchange done, but no login`;
  }

  #connect(): void {
    const socket = connect({ host: '127.0.0.1', port: this.#options.port, noDelay: true });
    this.#socket = socket;
    socket.once('error', (error) => {
      if ('code' in error && error.code === 'ECONNREFUSED') this.drop('QEMU has no such forward');
    });
    socket.once('close', () => {
      this.heard = true;
      this.drop(this.#banner === undefined ? 'nobody listens on the port' : this.#reached());
    });
    socket.once('connect', () => {
      this.#readBanner(socket);
      this.#authenticate(socket);
      void this.#dropWhenUnanswered(socket);
    });
  }

  /** Follows the same bytes as the client, up to the first line's end. */
  #readBanner(socket: Socket): void {
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      // A server may say other lines first (RFC 4253, 4.2).
      const banner = /^(SSH-.*?)\r?\n/m.exec(text)?.[1];
      if (banner === undefined && text.length < 64 * 1024) return;
      this.#banner = banner;
      socket.off('data', read);
    };
    socket.on('data', read);
  }

  /** Nobody answers packets for the guest yet: this connection would wait for TCP to try again, which takes seconds. */
  async #dropWhenUnanswered(socket: Socket): Promise<void> {
    const { unanswered, port, deadline } = this.#options;
    for (const patience = Deadline.after(this.#patienceMs); ; ) {
      await delay(answerGapMs, undefined, { ref: false });
      if (this.#banner !== undefined || socket.destroyed) return;
      const silent = await unanswered(port, deadline.capped(2000)).catch(() => false);
      if (!silent) {
        this.heard = true;
        return;
      }
      if (patience.expired && this.#banner === undefined) {
        return this.drop("the guest's network does not answer");
      }
    }
  }

  #authenticate(socket: Socket): void {
    const client = this.#client;
    const { login } = this.#options;
    client.on('handshake', ({ kex, serverHostKey }) => {
      this.#facts = { ...this.#facts, kex, hostKeyType: serverHostKey };
    });
    client.on('error', (error) => {
      if (login === undefined && this.#facts.methods !== undefined) this.#succeed();
      else if (login !== undefined && error.level === 'client-authentication') {
        this.#fail(new SshRefused(this.#facts.methods ?? []));
        this.drop();
      } else if (this.#banner !== undefined) this.drop(`${this.#reached()} (${error.message})`);
    });
    client.on('close', () => this.drop());
    client.on('ready', () => this.#succeed());
    client.connect({
      sock: socket,
      username: login?.user ?? 'root',
      readyTimeout: 0,
      keepaliveInterval: 10_000,
      keepaliveCountMax: 6,
      hostVerifier: (key: Buffer) => {
        this.#facts = { ...this.#facts, hostKeySha256: fingerprint(key) };
        return true;
      },
      authHandler: (methods, _partial, next) => {
        // The first method is always none: the server's refusal lists what it offers.
        if (methods === null || methods === undefined) {
          return next({ type: 'none', username: login?.user ?? 'root' });
        }
        const first = this.#facts.methods === undefined;
        if (first) this.#facts = { ...this.#facts, methods: [...methods] };
        return next(
          login && first
            ? { type: 'publickey', username: login.user, key: login.privateKey }
            : (false as never),
        );
      },
    });
  }

  #succeed(): void {
    const { kex = '', hostKeyType = '', hostKeySha256 = '', methods = ['none'] } = this.#facts;
    this.#finish({
      done: true,
      value: {
        client: this.#client,
        facts: { banner: this.#banner ?? '', kex, hostKeyType, hostKeySha256, methods },
        scope: this.#scope,
        close: () => this.drop('closed by the driver'),
      },
    });
  }
}

/** As OpenSSH shows it, without `SHA256:`. */
function fingerprint(key: Buffer): string {
  return createHash('sha256').update(key).digest('base64').replace(/=+$/, '');
}
