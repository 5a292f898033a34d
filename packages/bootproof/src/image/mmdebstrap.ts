/** The command that makes the base's tree, and what its output means. Pure. */

export interface BaseCommand {
  readonly suite: string;
  readonly packages: readonly string[];
  /** A file with sources, in deb822 format. */
  readonly sourcesFile: string;
  /** The tar archive to write. */
  readonly target: string;
}

/**
 * Run in the new tree (`$1`) once all packages are configured. What a package made for this one computer, and what a
 * machine never reads, goes: identity, keys, the name and resolver of the computer that builds, documentation,
 * translations, the archive's addresses, and initrds (the image brings its own).
 */
const tidy = [
  'set -e',
  'cd "$1"',
  'rm -f etc/ssh/ssh_host_* var/lib/dbus/machine-id etc/hostname etc/resolv.conf',
  ': > etc/machine-id',
  'rm -rf usr/share/doc usr/share/man usr/share/info usr/share/locale usr/share/lintian usr/share/bash-completion',
  'rm -rf etc/apt/sources.list etc/apt/sources.list.d etc/apt/apt.conf.d/99mmdebstrap etc/dpkg/dpkg.cfg.d/99mmdebstrap',
  'rm -f boot/initrd.img* boot/System.map* initrd.img* vmlinuz*',
  'rm -f var/log/*.log var/log/apt/* var/log/alternatives.log',
].join('; ');

/**
 * mmdebstrap(1) with the essential packages and those named, all configured by their own scripts. It works as root and
 * as an ordinary user alike through namespaces of its own, and needs neither loop devices nor mounts outside them.
 */
export function mmdebstrapArguments({ suite, packages, sourcesFile, target }: BaseCommand): string[] {
  return [
    '--mode=unshare',
    '--variant=essential',
    '--architectures=amd64',
    '--format=tar',
    '--verbose',
    // /bin and its like are links into /usr from the start; the other way is a package that converts, and needs Perl.
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
    `--include=${packages.join(',')}`,
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::Retries "2"',
    '--aptopt=Acquire::http::Timeout "20"',
    // The tree is thrown away when anything fails, so nothing is gained by flushing it to the disk.
    '--dpkgopt=force-unsafe-io',
    `--customize-hook=${tidy}`,
    suite,
    target,
    sourcesFile,
  ];
}

/** What mmdebstrap and apt do, as they say it, in the order of a build, and how far each brings it. */
const stages: readonly { readonly pattern: RegExp; readonly detail: string; readonly reached: number }[] = [
  { pattern: /^I: running apt-get update/, detail: 'reading the package lists', reached: 0.02 },
  {
    pattern: /^I: downloading packages with apt/,
    detail: 'downloading the essential packages',
    reached: 0.08,
  },
  { pattern: /^I: extracting archives/, detail: 'unpacking the essential packages', reached: 0.12 },
  { pattern: /^I: installing essential packages/, detail: 'installing the essential packages', reached: 0.2 },
  { pattern: /^I: installing remaining packages/, detail: 'installing packages', reached: 0.4 },
  { pattern: /^I: cleaning package lists/, detail: 'cleaning up', reached: 0.92 },
  { pattern: /^I: creating tarball/, detail: 'packing the tree', reached: 0.95 },
];

export interface BaseProgress {
  readonly detail: string;
  readonly fraction: number;
}

/** Follows mmdebstrap's output: each line gives how far the build is, or nothing new. The fraction never falls. */
export function followMmdebstrap(): (line: string) => BaseProgress | undefined {
  let reached = 0;
  // Until apt has said how many packages come, a hundred lines are as good a guess as any.
  let span = { from: 0, to: stages[0]?.reached ?? 0, steps: 100, done: 0 };
  const at = (detail: string, fraction: number) => {
    reached = Math.max(reached, Math.min(fraction, span.to));
    return { detail, fraction: reached };
  };
  return (line) => {
    const index = stages.findIndex(({ pattern }) => pattern.test(line));
    const stage = stages[index];
    if (stage !== undefined) {
      span = { from: stage.reached, to: stages[index + 1]?.reached ?? 1, steps: 100, done: 0 };
      return at(stage.detail, stage.reached);
    }
    // Each package is fetched, unpacked and set up: three lines, when all are new.
    const count = /(\d+) newly installed/.exec(line)?.[1];
    if (count !== undefined) span = { ...span, steps: Math.max(1, Number(count) * 3), done: 0 };
    const action = /^(?:(Get:\d+) \S+ \S+ \S+ (\S+)|(Unpacking|Setting up) (\S+))/.exec(line);
    const packageName = action?.[2] ?? action?.[4]?.replace(/:amd64$/, '');
    if (packageName === undefined) return undefined;
    span.done += 1;
    const verb = action?.[3]?.toLowerCase() ?? 'downloading';
    return at(`${verb} ${packageName}`, span.from + ((span.to - span.from) * span.done) / span.steps);
  };
}
