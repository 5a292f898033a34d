import { findHomelab } from '../host/discover.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly debug?: boolean;
}

/** The homelab's folder: the given one, or the nearest `config` here or above. */
export const homelabFolder = (options: GlobalOptions): string =>
  findHomelab({ cwd: process.cwd(), ...(options.config === undefined ? {} : { given: options.config }) });
