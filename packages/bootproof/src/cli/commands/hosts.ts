import { hostNames } from '../../host/discover.ts';
import { type GlobalOptions, homelabFolder } from '../homelab-folder.ts';

interface HostsOptions extends GlobalOptions {
  readonly json?: boolean;
}

/** Lists the hosts of the homelab; as JSON, in the form that a GitHub Actions matrix takes. */
export async function hosts(options: HostsOptions): Promise<number> {
  const names = hostNames(homelabFolder(options));
  process.stdout.write(
    options.json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(''),
  );
  return 0;
}
