// Writes what docs/ says of services, options and kinds of probe, from the built package and from the hosts of examples/.
// With --check it writes nothing, and fails when the files are not what it would write. --docs names another folder than
// docs/. Run `make build` first.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { repository } from './reference/package.js';
import { probesPage } from './reference/probes.js';
import { servicePages } from './reference/services.js';

const { values: options } = parseArgs({
  options: { check: { type: 'boolean', default: false }, docs: { type: 'string' } },
});
const docs = resolve(options.docs ?? join(repository, 'docs'));
const notice = '<!-- Made by `node scripts/reference.js`. Edit the sources, not this file. -->';

/** The pages that are there and were made here once, by their paths below docs/. */
const madeBefore = ['services', 'reference']
  .flatMap((folder) =>
    existsSync(join(docs, folder)) ? readdirSync(join(docs, folder)).map((name) => `${folder}/${name}`) : [],
  )
  .filter((path) => path.endsWith('.md') && readFileSync(join(docs, path), 'utf8').startsWith(notice));

const textOf = (lines) => `${[notice, '', ...lines].join('\n').trimEnd()}\n`;
const pages = new Map(
  Object.entries({ ...servicePages(), 'reference/probes.md': probesPage() }).map(([path, lines]) => [
    path,
    textOf(lines),
  ]),
);

const isSame = (path, text) =>
  existsSync(join(docs, path)) && readFileSync(join(docs, path), 'utf8') === text;
const changed = [...pages].filter(([path, text]) => !isSame(path, text));
const gone = madeBefore.filter((path) => !pages.has(path));
const due = [...changed.map(([path]) => path), ...gone].map((path) => `docs/${path}`);

if (options.check) {
  if (due.length > 0) {
    process.stderr.write(
      `reference: not what the code says: ${due.join(', ')}. Run \`node scripts/reference.js\`.\n`,
    );
    process.exitCode = 1;
  } else {
    process.stdout.write(`reference: all ${pages.size} pages are as the code says\n`);
  }
} else {
  for (const [path, text] of changed) {
    mkdirSync(dirname(join(docs, path)), { recursive: true });
    writeFileSync(join(docs, path), text);
  }
  for (const path of gone) rmSync(join(docs, path));
  process.stdout.write(`reference: ${due.length === 0 ? 'unchanged' : `wrote ${due.join(', ')}`}\n`);
}
