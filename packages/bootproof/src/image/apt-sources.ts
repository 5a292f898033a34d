import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BootproofError } from '../base/errors.ts';

/** One place that packages come from: an entry of a deb822 file, or a one-line entry, of kind `deb`. */
export interface AptSource {
  readonly uris: readonly string[];
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** The value of Signed-By: a path, a fingerprint, or an armoured key. */
  readonly signedBy?: string;
  /** The value of Trusted; apt takes packages that nobody signed from such a source. */
  readonly trusted?: string;
}

/**
 * Reads a file in the format of sources.list(5): `deb822` for *.sources, `one-line` for *.list. What is disabled, is for
 * source packages, or for another architecture only, is left out.
 */
export function parseSources(text: string, format: 'deb822' | 'one-line'): AptSource[] {
  return format === 'deb822' ? parseDeb822(text) : parseOneLine(text);
}

function parseDeb822(text: string): AptSource[] {
  const withoutComments = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  return withoutComments.split(/\n(?:[ \t]*\n)+/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    let name: string | undefined;
    for (const line of stanza.split('\n')) {
      const field = /^([!-9;-~]+):(.*)$/.exec(line);
      if (field?.[1] !== undefined) {
        name = field[1].toLowerCase();
        fields.set(name, field[2]?.trim() ?? '');
      } else if (name !== undefined && line.trim() !== '') {
        fields.set(name, `${fields.get(name) ?? ''}\n${line}`);
      }
    }
    const words = (field: string) => (fields.get(field) ?? '').split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || fields.get('enabled') === 'no') return [];
    return source(words('uris'), words('suites'), words('components'), {
      architectures: words('architectures'),
      signedBy: fields.get('signed-by'),
      trusted: fields.get('trusted'),
    });
  });
}

function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const entry = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (entry?.[2] === undefined || entry[3] === undefined) return [];
    const options = new Map(
      (entry[1] ?? '').split(/\s+/).flatMap((option) => {
        const at = option.indexOf('=');
        return at > 0 ? [[option.slice(0, at).toLowerCase(), option.slice(at + 1)] as const] : [];
      }),
    );
    return source([entry[2]], [entry[3]], (entry[4] ?? '').split(/\s+/).filter(Boolean), {
      architectures: (options.get('arch') ?? '').split(',').filter(Boolean),
      signedBy: options.get('signed-by'),
      trusted: options.get('trusted'),
    });
  });
}

function source(
  uris: readonly string[],
  suites: readonly string[],
  components: readonly string[],
  more: {
    readonly architectures: readonly string[];
    readonly signedBy: string | undefined;
    readonly trusted: string | undefined;
  },
): AptSource[] {
  const { architectures, signedBy, trusted } = more;
  if (uris.length === 0 || suites.length === 0) return [];
  if (architectures.length > 0 && !architectures.includes('amd64')) return [];
  return [
    {
      uris,
      suites,
      components,
      ...(signedBy === undefined ? {} : { signedBy }),
      ...(trusted === undefined ? {} : { trusted }),
    },
  ];
}

/** The suites that a Debian release is made of; other archives on a computer (a vendor's, backports) name others. */
const suitesOf = (release: string): readonly string[] => [
  release,
  `${release}-updates`,
  `${release}-security`,
];

/** Those of the sources that serve a Debian release, with the component `main` alone. */
export function debianSources(sources: readonly AptSource[], release: string): AptSource[] {
  const wanted = suitesOf(release);
  return sources.flatMap((each) => {
    const suites = each.suites.filter((suite) => wanted.includes(suite));
    return suites.length > 0 && each.components.includes('main')
      ? [{ ...each, suites, components: ['main'] }]
      : [];
  });
}

/** Sources as deb822 text, for mmdebstrap. */
export function printSources(sources: readonly AptSource[]): string {
  return sources
    .map(({ uris, suites, components, signedBy, trusted }) =>
      [
        'Types: deb',
        `URIs: ${uris.join(' ')}`,
        `Suites: ${suites.join(' ')}`,
        `Components: ${components.join(' ')}`,
        ...(signedBy === undefined ? [] : [`Signed-By: ${signedBy}`]),
        ...(trusted === undefined ? [] : [`Trusted: ${trusted}`]),
        '',
      ].join('\n'),
    )
    .join('\n');
}

/**
 * What a user named as the mirror: an address that serves the release, or whole lines of sources.list(5) that begin
 * with `deb`.
 */
export function mirrorSources(mirror: string, release: string): AptSource[] {
  return mirror
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .flatMap((line) =>
      /^deb\s/.test(line)
        ? parseOneLine(line)
        : [{ uris: [line], suites: [release], components: ['main'] } satisfies AptSource],
    );
}

/** Every source of packages that a computer's apt is configured with. A folder that is missing holds none. */
export async function readAptSources(folder = '/etc/apt'): Promise<AptSource[]> {
  const parts = join(folder, 'sources.list.d');
  const names = (await readdir(parts).catch(() => [])).sort();
  const files = [
    join(folder, 'sources.list'),
    ...names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(parts, name)),
  ];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return files.flatMap((file, index) =>
    parseSources(texts[index] ?? '', file.endsWith('.sources') ? 'deb822' : 'one-line'),
  );
}

/**
 * Where the packages of a release come from: the mirror when one is named, else what this computer's apt uses.
 *
 * @throws BootproofError when neither serves the release.
 */
export async function resolveSources(
  release: string,
  {
    mirror,
    aptFolder,
  }: { readonly mirror?: string | undefined; readonly aptFolder?: string | undefined } = {},
): Promise<AptSource[]> {
  const sources =
    mirror === undefined
      ? debianSources(await readAptSources(aptFolder), release)
      : mirrorSources(mirror, release);
  if (sources.some(({ suites }) => suites.includes(release))) return sources;
  throw new BootproofError(
    mirror === undefined
      ? `no package source for Debian ${release}: this computer's apt is not configured with one`
      : `the mirror serves no Debian ${release}: ${mirror}`,
    {
      kind: mirror === undefined ? 'missing' : 'declaration',
      hint: `Name a mirror that has ${release}, with --mirror <address> or in the variable BOOTPROOF_MIRROR.`,
    },
  );
}
