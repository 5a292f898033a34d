import type {
  BootState,
  CommandResult,
  ImageInspection,
  Target,
  UnitProperties,
} from '../../src/probes/target.ts';

interface Scene {
  readonly units?: Readonly<Record<string, UnitProperties>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly execute?: (command: string) => Partial<CommandResult>;
  readonly console?: string;
  readonly boot?: Partial<BootState>;
  readonly agent?: Partial<Target['agent']>;
  readonly ssh?: Partial<Target['ssh']>;
  readonly methods?: readonly string[];
  readonly outside?: Partial<Target['outside']>;
  readonly image?: ImageInspection;
  readonly now?: Target['now'];
}

/** A machine made of answers: healthy where a scene says nothing else. */
export function fakeTarget(scene: Scene): Target {
  return {
    now: scene.now ?? (() => 0),
    bootState: () => ({ marks: ['login'], breakdown: undefined, shell: 'ssh', waysSeen: [], ...scene.boot }),
    execute: async (command) => ({ stdout: '', stderr: '', exitCode: 0, ...scene.execute?.(command) }),
    readFile: async (path) => scene.files?.[path],
    unitInfo: async (unit) => scene.units?.[unit] ?? { LoadState: 'not-found', ActiveState: 'inactive' },
    console: { text: () => scene.console ?? '' },
    agent: {
      ping: async () => {},
      hostName: async () => 'hl02',
      networkInterfaces: async () => [
        {
          name: 'enp6s18',
          hardwareAddress: undefined,
          addresses: [{ address: '10.0.2.15', family: 'ipv4', prefix: 24 }],
        },
      ],
      ...scene.agent,
    },
    ssh: {
      handshake: async () => ({
        banner: 'SSH-2.0-OpenSSH_9.2p1',
        kex: 'curve25519-sha256',
        hostKeyType: 'ssh-ed25519',
        hostKeySha256: 'abc',
        methods: scene.methods ?? ['publickey'],
      }),
      ...scene.ssh,
    },
    outside: { tcp: async () => 'answered', udp: async () => {}, ...scene.outside },
    image: scene.image ?? { authorizedKeys: [], loginPasswords: [], machineId: '', hostKeys: [] },
  };
}
