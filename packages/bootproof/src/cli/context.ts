import { readFileSync } from 'node:fs';

/** What a command is given besides its own options. */
export interface CommandContext {
  readonly signal: AbortSignal;
  /** Sets the exit status of a command that came to its end; 0 unless told. */
  readonly finish: (status: number) => void;
}

/** bootproof's own version, from its package.json. */
export function toolVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
