/** The flake of a homelab: its inputs, which modules refer to as `inputs`. */

/** An input of the flake, as flake.nix writes it. */
export interface FlakeInput {
  /** Where it comes from: `github:nix-community/disko/latest`. */
  readonly url: string;
  /** Its own inputs that are to be one of ours: `{ nixpkgs: 'nixpkgs' }`. */
  readonly follows?: Readonly<Record<string, string>>;
  /** Whether it is a flake itself; true unless told. */
  readonly flake?: boolean;
}

/** What `defineFlake` makes. */
export interface Flake {
  readonly description: string;
  /** By name; `nixpkgs` and `disko` are always there. */
  readonly inputs: Readonly<Record<string, FlakeInput>>;
}

/** What a homelab may say about its flake; all of it is optional. */
export interface FlakeDefinition {
  /** What `nix flake show` calls it. */
  readonly description?: string;
  /** Inputs besides nixpkgs and disko, or in their place. */
  readonly inputs?: Readonly<Record<string, FlakeInput>>;
}

/** A commit of an input, as flake.lock holds it. */
export interface Pin {
  readonly owner: string;
  readonly repo: string;
  /** The branch or tag that it was taken from. */
  readonly ref: string;
  readonly rev: string;
  /** The hash of the unpacked source, in the form of SRI. */
  readonly narHash: string;
  /** When the commit was made, in seconds since 1970. */
  readonly lastModified: number;
}

/** What a new flake.lock starts with: nixos-25.11 of 2026-05-10 and disko v1.13.0. `nix flake update` moves on from there. */
export const pins: Readonly<Record<'nixpkgs' | 'disko', Pin>> = {
  nixpkgs: {
    owner: 'NixOS',
    repo: 'nixpkgs',
    ref: 'nixos-25.11',
    rev: '8fd9daa3db09ced9700431c5b7ad0e8ba199b575',
    narHash: 'sha256-Ti+ZBvW6yrWWAg2szExVTwCd4qOJ3KlVr1tFHfyfi8Q=',
    lastModified: 1778430510,
  },
  disko: {
    owner: 'nix-community',
    repo: 'disko',
    ref: 'latest',
    rev: 'de5708739256238fb912c62f03988815db89ec9a',
    narHash: 'sha256-CNzzBsRhq7gg4BMBuTDObiWDH/rFYHEuDRVOwCcwXw4=',
    lastModified: 1768920986,
  },
};

/** The reference to a flake at the branch or tag of a pin. */
const urlOf = ({ owner, repo, ref }: Pin): string => `github:${owner}/${repo}/${ref}`;

const flakeKey: unique symbol = Symbol.for('bootproof.flake') as never;

/**
 * Says what the homelab's flake takes in besides nixpkgs and disko: the default export of `flake.ts`, beside `hosts/`.
 * A homelab without that file has those two alone.
 *
 * @example defineFlake({ inputs: { 'sops-nix': { url: 'github:Mic92/sops-nix', follows: { nixpkgs: 'nixpkgs' } } } })
 */
export function defineFlake({ description, inputs = {} }: FlakeDefinition): Flake {
  const flake: Flake = {
    description: description ?? 'The NixOS hosts of a homelab on Proxmox, emitted by bootproof',
    inputs: {
      nixpkgs: { url: urlOf(pins.nixpkgs) },
      disko: { url: urlOf(pins.disko), follows: { nixpkgs: 'nixpkgs' } },
      ...inputs,
    },
  };
  return Object.freeze(Object.defineProperty(flake, flakeKey, { value: true }));
}

export const isFlake = (value: unknown): value is Flake =>
  typeof value === 'object' && value !== null && flakeKey in value;
