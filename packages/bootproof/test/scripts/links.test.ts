import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import GithubSlugger from 'github-slugger';
import { describe, expect, it } from 'vitest';
import { services } from '../../src/services/catalogue.ts';
import { repository } from '../cli/command.ts';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');

/** The pages that people read, by their paths from the repository's root. */
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'packages/bootproof/README.md',
  ...readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .sort(),
];

/** A page without its code, in which nothing is a link or a heading. */
const withoutCode = (text: string): string => text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(text: string): Set<string> {
  const slugger = new GithubSlugger();
  const headings = withoutCode(text).matchAll(/^#{1,6} +(.+?) *$/gm);
  return new Set([...headings].map(([, heading = '']) => slugger.slug(heading.replaceAll('`', ''))));
}

/** What is wrong with the links of a page; `exists` and `text` look at other files. */
function deadLinks(page: string, text: string, other: (file: string) => string | undefined): string[] {
  const links = withoutCode(text).matchAll(/\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)/g);
  return [...links].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : relative(repository, resolve(repository, dirname(page), path));
    const there = file === page ? text : other(file);
    if (there === undefined) return [`${page}: ${target} is not there`];
    if (anchor === undefined || anchorsOf(there).has(anchor)) return [];
    return [`${page}: ${target} names no heading`];
  });
}

const inRepository = (file: string): string | undefined => {
  const path = join(repository, file);
  if (!existsSync(path)) return undefined;
  return statSync(path).isDirectory() ? '' : readFileSync(path, 'utf8');
};

describe('the links of the documentation', () => {
  it('are looked at, also those of the generated pages', () => {
    expect(pages).toContain('docs/writing-services.md');
    expect(pages.length).toBeGreaterThan(services.length);
  });

  it.each(pages)('of %s lead somewhere', (page) => {
    expect(deadLinks(page, read(page), inRepository)).toEqual([]);
  });

  it('would be found dead', () => {
    const text =
      '# A `b.c` <d>\n\n## A `b.c` <d>\n[1](#a-bc-d) [2](#a-bc-d-1) [3](#a) [4](x.md) [5](y.md#z)\n```md\n[6](no.md)\n```\n';
    expect(deadLinks('docs/a.md', text, (file) => (file === 'docs/y.md' ? '# Y' : undefined))).toEqual([
      'docs/a.md: #a names no heading',
      'docs/a.md: x.md is not there',
      'docs/a.md: y.md#z names no heading',
    ]);
  });
});

describe('the pages of the services', () => {
  it('are one for each, and no more', () => {
    const names = readdirSync(join(repository, 'docs/services')).sort();
    expect(names).toEqual([...services.map(({ name }) => `${name}.md`), 'README.md'].sort());
  });

  it.each(services.map(({ name }) => name))(
    'show of %s a host, what it gets, what is proven and each option',
    (name) => {
      const page = read(`docs/services/${name}.md`);
      const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      expect(headings).toEqual([
        'An example',
        'On the stand-in',
        'What is proven',
        'In the NixOS test',
        'Options',
      ]);
      expect(page).toMatch(/\]\(\.\.\/\.\.\/examples\/(hosts|roles)\/[\w/-]+\.ts\)/);
      for (const part of page.split('\n### ').slice(1)) {
        for (const fact of ['- Type: ', '- Default: ', '- Proof: ']) expect(part).toContain(`\n${fact}`);
      }
      expect(page).not.toMatch(/undefined|\[object/);
    },
  );
});
