import { formatSize } from '../../base/size.ts';
import { cacheFolder } from '../../host/xdg.ts';
import { type CacheListing, cacheList, cachePrune } from '../../image/cache.ts';
import { styleFor } from '../../reports/display.ts';
import { pad } from '../../reports/text.ts';
import { count } from '../../reports/words.ts';
import type { GlobalOptions } from '../homelab-folder.ts';

interface ListOptions extends GlobalOptions {
  readonly json?: boolean;
}

interface PruneOptions extends GlobalOptions {
  readonly days: number;
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

/** Lists what the cache holds, that used last first. */
export async function listCache(options: ListOptions): Promise<number> {
  const entries = await cacheList(cacheFolder());
  if (options.json) process.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
  else process.stdout.write(`${cacheFolder()}\n${entries.map(entryLine).join('')}${totalLine(entries)}`);
  return 0;
}

/** Removes what was not used of late, and what killed builds left. */
export async function pruneCache({ days, all = false, dryRun = false }: PruneOptions): Promise<number> {
  const pruned = await cachePrune(cacheFolder(), { unusedDays: all ? 0 : days, dryRun });
  const verb = dryRun ? 'would remove' : 'removed';
  process.stdout.write(pruned.entries.map(entryLine).join(''));
  process.stdout.write(
    `${verb} ${count(pruned.entries.length, 'entry', 'entries')} (${formatSize(pruned.freedBytes)}) and ${count(pruned.leftovers.length, 'leftover')} of ended builds\n`,
  );
  return 0;
}

function entryLine({ level, key, hostName, bytes, usedAt }: CacheListing): string {
  const { dim } = styleFor(process.stdout, process.env);
  return `  ${pad(level, 6)} ${pad(hostName ?? 'shared', 12)} ${pad(formatSize(bytes), 7, 'left')}  used ${usedAt.slice(0, 16).replace('T', ' ')}  ${dim(key.slice(0, 16))}\n`;
}

const totalLine = (entries: readonly CacheListing[]): string =>
  `${count(entries.length, 'entry', 'entries')}, ${formatSize(entries.reduce((sum, { bytes }) => sum + bytes, 0))}\n`;
