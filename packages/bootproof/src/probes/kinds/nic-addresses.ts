import { awaited } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

interface Address {
  readonly local?: string;
  readonly prefixlen?: number;
  readonly scope?: string;
  readonly dynamic?: boolean;
  readonly tentative?: boolean;
}

interface Link {
  readonly ifname?: string;
  readonly addr_info?: readonly Address[];
}

/** An address as the kernel writes it: `FD00:0::5` is `fd00::5`. Text that is no address stays as it is. */
export function canonicalAddress(address: string): string {
  if (!address.includes(':')) return address;
  try {
    return new URL(`http://[${address}]/`).hostname.slice(1, -1);
  } catch {
    return address;
  }
}

/**
 * A NIC has these addresses for good (`10.0.0.1/16`), none by a lease. `lease` says whether it has an IPv4 address by
 * DHCP besides: yes, no, or null for either.
 */
export const nicAddresses = defineProbeKind<
  'nic-addresses',
  { readonly nic: string; readonly addresses: readonly string[]; readonly lease: boolean | null }
>({
  kind: 'nic-addresses',
  needs: ['shell'],
  title: ({ nic, addresses, lease }) =>
    `${nic} has ${[...addresses, ...(lease === null ? [] : [lease ? 'a DHCP lease' : 'no DHCP lease'])].join(', ')}`,
  hint: ({ nic }) => `In the machine: ip address show dev ${nic}; networkctl status ${nic}.`,
  async observe(target, { nic, addresses, lease }) {
    const command = `ip -j address show dev ${nic}`;
    const result = await target.execute(command);
    const links = result.exitCode === 0 ? (JSON.parse(result.stdout) as Link[]) : [];
    const all = links.flatMap((link) => link.addr_info ?? []).filter(({ scope }) => scope === 'global');
    const lasting = new Set(
      all
        .filter(({ dynamic, tentative }) => dynamic !== true && tentative !== true)
        .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    );
    const leased = all.some(({ local = '', dynamic }) => dynamic === true && !local.includes(':'));
    const holds = result.exitCode === 0 && addresses.every((each) => lasting.has(canonical(each)));
    const seen = all.map(
      ({ local, prefixlen, dynamic }) => `${local}/${prefixlen}${dynamic ? ' (leased)' : ''}`,
    );
    return awaited(holds && (lease === null || lease === leased), {
      expected: [
        ...addresses.map(canonical),
        ...(lease === null ? [] : [lease ? 'a lease' : 'no lease']),
      ].join(', '),
      seen: result.exitCode === 0 ? seen.join(', ') || 'no address' : result.stderr.trim(),
      evidence: [{ source: command, text: result.stdout.trim() }],
    });
  },
});

function canonical(withPrefix: string): string {
  const [address = '', prefix = ''] = withPrefix.split('/');
  return `${canonicalAddress(address)}/${prefix}`;
}
