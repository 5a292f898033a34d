import { type Flake, type FlakeInput, type Pin, pins } from './flake.ts';

/** The commit that a new flake.lock holds for an input; undefined when the input is not taken from there. */
function pinOf(name: string, { url }: FlakeInput): Pin | undefined {
  const pin = Object.hasOwn(pins, name) ? pins[name as keyof typeof pins] : undefined;
  return pin !== undefined && url === `github:${pin.owner}/${pin.repo}/${pin.ref}` ? pin : undefined;
}

/**
 * A first flake.lock, in Nix's own form (version 7): the inputs that are pinned here. Nix adds the others with
 * `nix flake lock`, and the file is Nix's from then on.
 */
export function flakeLock({ inputs }: Flake): string {
  const pinned = Object.entries(inputs).flatMap(([name, input]) => {
    const pin = pinOf(name, input);
    return pin === undefined ? [] : [{ name, input, pin }];
  });
  const nodes = pinned.map(({ name, input, pin }) => [name, lockedNode(input, pin)] as const);
  const root = { inputs: sorted(pinned.map(({ name }) => [name, name])) };
  const lock = { nodes: sorted([...nodes, ['root', root]]), root: 'root', version: 7 };
  return `${JSON.stringify(lock, null, 2)}\n`;
}

function lockedNode(input: FlakeInput, { owner, repo, ref, rev, narHash, lastModified }: Pin): object {
  const follows = Object.entries(input.follows ?? {}).map(([name, target]) => [name, [target]] as const);
  return {
    ...(follows.length === 0 ? {} : { inputs: sorted(follows) }),
    locked: { lastModified, narHash, owner, repo, rev, type: 'github' },
    original: { owner, ref, repo, type: 'github' },
  };
}

const sorted = (entries: readonly (readonly [string, unknown])[]): object =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * The inputs that a flake.lock says nothing about. Nix would refuse them where it may not write the lock.
 *
 * @param text what flake.lock holds
 */
export function unlockedInputs({ inputs }: Flake, text: string): string[] {
  return Object.keys(inputs).filter((name) => !lockedNames(text).includes(name));
}

function lockedNames(text: string): string[] {
  try {
    const lock = JSON.parse(text) as {
      readonly root?: string;
      readonly nodes?: Readonly<Record<string, { readonly inputs?: Readonly<Record<string, unknown>> }>>;
    };
    return Object.keys(lock.nodes?.[lock.root ?? 'root']?.inputs ?? {});
  } catch {
    return [];
  }
}
