import { awaited } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

const path = '/etc/resolv.conf';

/** The servers and search domains of a resolv.conf(5). The last line of `search` or `domain` counts. */
export function readResolver(text: string): { readonly servers: string[]; readonly search: string[] } {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  return {
    servers: lines.filter(([key]) => key === 'nameserver').flatMap(([, server]) => server ?? []),
    search: lines.findLast(([key]) => key === 'search' || key === 'domain')?.slice(1) ?? [],
  };
}

/** /etc/resolv.conf asks the declared servers before all others, and looks in the declared domains. */
export const resolver = defineProbeKind<
  'resolver',
  { readonly servers: readonly string[]; readonly search: readonly string[] }
>({
  kind: 'resolver',
  needs: ['shell'],
  title: ({ servers, search }) =>
    [
      ...(servers.length === 0 ? [] : [`names are asked of ${servers.join(', ')}`]),
      ...(search.length === 0 ? [] : [`short names are looked up in ${search.join(', ')}`]),
    ].join('; '),
  hint: () => `In the machine: cat ${path}; resolvconf -l. A DHCP client may have rewritten it.`,
  async observe(target, { servers, search }) {
    const text = (await target.readFile(path)) ?? '';
    const seen = readResolver(text);
    const holds =
      servers.every((server, index) => seen.servers[index] === server) &&
      search.every((domain) => seen.search.includes(domain));
    const words = (sight: { servers: readonly string[]; search: readonly string[] }) =>
      `servers ${sight.servers.join(', ') || 'none'}; search ${sight.search.join(', ') || 'none'}`;
    return awaited(holds, {
      expected: words({ servers, search }),
      seen: words(seen),
      evidence: [{ source: path, text: text.trim() }],
    });
  },
});
