// Fails when a room of packages/bootproof/src imports one that rooms.json does not list for it, type imports included,
// and when a pure room reaches for a process, the network, the file system or the clock.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const { rooms, pure } = JSON.parse(readFileSync('rooms.json', 'utf8'));
const root = resolve('packages/bootproof/src');
const impure = /^node:(?!path|util|url|crypto)|^(execa|ssh2|jiti|listr2|proper-lockfile)$/;
const faults = [];

for (const name of readdirSync(root, { recursive: true })) {
  if (!/\.tsx?$/.test(name)) continue;
  const room = name.split('/')[0];
  if (!name.includes('/')) continue;
  if (!(room in rooms)) {
    faults.push(`${name}: the room ${room} is not in rooms.json`);
    continue;
  }
  const text = readFileSync(join(root, name), 'utf8');
  for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (!specifier.startsWith('.')) {
      if (pure.includes(room) && impure.test(specifier))
        faults.push(`${name}: a pure room imports ${specifier}`);
      continue;
    }
    const target = relative(root, resolve(dirname(join(root, name)), specifier));
    const other = target.split('/')[0];
    if (other !== room && !rooms[room].includes(other))
      faults.push(`${name}: ${room} may not import ${other} (${specifier})`);
  }
  if (pure.includes(room)) {
    for (const [clock] of text.matchAll(
      /\b(Date\.now|new Date|performance\.now|process\.(?:env|cwd|argv))\b/g,
    )) {
      faults.push(`${name}: a pure room uses ${clock}`);
    }
  }
}

for (const fault of faults) process.stderr.write(`${fault}\n`);
process.stdout.write(`rooms: ${Object.keys(rooms).length} rooms, ${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
