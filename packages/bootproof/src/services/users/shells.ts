import { nodeOf } from '../../nix/node.ts';

/** A login shell as Debian has it. */
export interface DebianShell {
  readonly path: string;
  /** The package that brings it; undefined when it is on every image. */
  readonly package?: string;
}

/** Debian's shells by the names that nixpkgs' packages and programs have. */
const shells: Readonly<Record<string, DebianShell>> = {
  bash: { path: '/bin/bash' },
  bashInteractive: { path: '/bin/bash' },
  sh: { path: '/bin/sh' },
  dash: { path: '/bin/dash' },
  zsh: { path: '/usr/bin/zsh', package: 'zsh' },
  fish: { path: '/usr/bin/fish', package: 'fish' },
  mksh: { path: '/usr/bin/mksh', package: 'mksh' },
  nologin: { path: '/usr/sbin/nologin' },
  // The package whose program for this purpose is nologin.
  shadow: { path: '/usr/sbin/nologin' },
};

/**
 * The shell that a declaration means: a package (`pkgs.zsh`), NixOS's path of one, or a path as it is. Undefined for a
 * package that is none of the known shells.
 */
export function debianShell(declared: unknown): DebianShell | undefined {
  if (typeof declared === 'string') {
    const onNixos = /^\/run\/current-system\/sw\/(?:bin|sbin)\/([^/]+)$/.exec(declared)?.[1];
    return onNixos === undefined ? { path: declared } : shells[onNixos];
  }
  const node = nodeOf(declared);
  return node?.kind === 'package' ? shells[node.attrPath.join('.')] : undefined;
}
