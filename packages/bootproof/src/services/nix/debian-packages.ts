import { nodeOf } from '../../nix/node.ts';

/** A package as Debian has it, and a program of it that tells its version and ends. */
export interface DebianPackage {
  readonly name: string;
  /** The program with what makes it tell its version: `dig -v`. */
  readonly ask: string;
}

const named = (name: string, ask = `${name} --version`): DebianPackage => ({ name, ask });

/** Debian's packages by the names that nixpkgs has for them, where both bring the same program. */
const packages: Readonly<Record<string, DebianPackage>> = {
  curl: named('curl'),
  dnsutils: named('bind9-dnsutils', 'dig -v'),
  ethtool: named('ethtool'),
  file: named('file'),
  git: named('git'),
  htop: named('htop'),
  iperf3: named('iperf3'),
  jq: named('jq'),
  lsof: named('lsof', 'lsof -v'),
  nano: named('nano'),
  ncdu: named('ncdu', 'ncdu -v'),
  pciutils: named('pciutils', 'lspci --version'),
  python3: named('python3'),
  ripgrep: named('ripgrep', 'rg --version'),
  rsync: named('rsync'),
  smartmontools: named('smartmontools', 'smartctl --version'),
  sqlite: named('sqlite3'),
  strace: named('strace'),
  tcpdump: named('tcpdump'),
  tmux: named('tmux', 'tmux -V'),
  tree: named('tree'),
  unzip: named('unzip', 'unzip -v'),
  vim: named('vim'),
  wget: named('wget'),
  zip: named('zip', 'zip -v'),
};

/** A declared package by its name, with what Debian has for it; undefined for one that is not known here. */
export function debianPackage(
  declared: unknown,
): { readonly attribute: string; readonly debian: DebianPackage } | undefined {
  const node = nodeOf(declared);
  if (node?.kind !== 'package') return undefined;
  const attribute = node.attrPath.join('.');
  const debian = Object.hasOwn(packages, attribute) ? packages[attribute] : undefined;
  return debian === undefined ? undefined : { attribute, debian };
}
