/** The machine as a probe sees it. The driver implements it; probes know nothing of processes and sockets. */

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** `Id`, `LoadState`, `ActiveState`, `SubState`, … of a unit, as `systemctl show` gives them. */
export type UnitProperties = Readonly<Record<string, string>>;

export interface AgentInterface {
  readonly name: string;
  readonly hardwareAddress: string | undefined;
  readonly addresses: readonly {
    readonly address: string;
    readonly family: 'ipv4' | 'ipv6';
    readonly prefix: number;
  }[];
}

/** What was read from the image's own file system, before it was ever booted. */
export interface ImageInspection {
  /** Paths of authorized_keys files that hold a key. */
  readonly authorizedKeys: readonly string[];
  /** Users whose password field in /etc/shadow would let somebody log in. */
  readonly loginPasswords: readonly string[];
  /** The text of /etc/machine-id; undefined when the file is absent. */
  readonly machineId?: string | undefined;
  /** Paths of private SSH host keys. */
  readonly hostKeys: readonly string[];
}

/** Why a machine stopped coming up, as recognised from its console or its process. */
export interface Breakdown {
  readonly kind: 'kernel panic' | 'emergency mode' | 'unit loop' | 'nothing to boot' | 'QEMU died';
  readonly detail: string;
  /** The console's (or QEMU's) last lines that matter. */
  readonly lines: readonly string[];
}

/** How far a machine has come, seen from outside. */
export interface BootState {
  /** The marks seen on the console so far, in order: `firmware`, `loader`, `kernel`, `userspace`, `login`. */
  readonly marks: readonly string[];
  readonly breakdown: Breakdown | undefined;
  /** The way in that commands take now; undefined while there is none. */
  readonly shell: 'ssh' | 'agent' | undefined;
  /** Why the ways in that are shut are shut, as last seen. */
  readonly waysSeen: readonly string[];
}

/** A key exchange and an attempt to log in by nothing: what the server is and what it offers. */
export interface SshHandshake {
  /** The first line that the server sent: `SSH-2.0-OpenSSH_9.2p1 …`. */
  readonly banner: string;
  readonly kex: string;
  readonly hostKeyType: string;
  readonly hostKeySha256: string;
  /** Authentication methods that the server says can continue: `publickey`, `password`, `keyboard-interactive`. */
  readonly methods: readonly string[];
}

/**
 * What the guest's kernel made of a TCP connection. `answered`: it took it; `refused`: it said no; `silent`: it dropped
 * the packets, although it had been at them.
 */
export type Reception = 'answered' | 'refused' | 'silent';

/** The guest's ports from outside, through QEMU's network and the guest's first NIC. IPv4. */
export interface Outside {
  /** Opens a connection to a port of the guest, looks what becomes of it, and drops it. */
  tcp(guestPort: number): Promise<Reception>;
  /** Sends that many datagrams to a port of the guest, and resolves when the guest has been at them. */
  udp(guestPort: number, count: number): Promise<void>;
}

export interface Target {
  /** This computer's own clock, which a machine's is held against. Milliseconds since 1970. */
  now(): number;
  bootState(): BootState;
  /**
   * Runs a command with the guest's /bin/sh. Through SSH when it is up, else through the guest agent. `deadlineMs` is how
   * long it may take, 30 s unless told. Milliseconds.
   */
  execute(command: string, options?: { readonly deadlineMs?: number }): Promise<CommandResult>;
  /** The text of a small file in the guest; undefined when it does not exist. Reads asked for together travel together. */
  readFile(path: string): Promise<string | undefined>;
  /** A unit's properties. Units asked for together travel together. */
  unitInfo(unit: string): Promise<UnitProperties>;
  readonly console: {
    /** All that the serial console has shown so far, without escape sequences. */
    text(): string;
  };
  readonly agent: {
    /** `guest-ping` over the host's socket; resolves when it was answered. */
    ping(): Promise<void>;
    hostName(): Promise<string>;
    networkInterfaces(): Promise<readonly AgentInterface[]>;
  };
  readonly ssh: {
    /**
     * What a server said to a connection from outside through a guest port's forward. Where the driver itself holds a
     * connection to that port, that connection's own facts: under TCG a new one costs the guest half a second.
     */
    handshake(guestPort: number): Promise<SshHandshake>;
  };
  readonly outside: Outside;
  readonly image: ImageInspection;
}
