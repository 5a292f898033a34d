import { awaited } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

interface Route {
  readonly dst?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol?: string;
}

interface Address {
  readonly local?: string;
  readonly prefixlen?: number;
  readonly scope?: string;
  readonly dynamic?: boolean;
  readonly valid_life_time?: number;
}

interface Link {
  readonly ifname?: string;
  readonly addr_info?: readonly Address[];
}

/** A NIC's addresses that reach beyond its link, from what `ip -j address show` prints. */
export function globalAddresses(links: readonly Link[], nic: string): readonly Address[] {
  const addresses = links.find((link) => link.ifname === nic)?.addr_info ?? [];
  return addresses.filter((address) => address.scope === 'global');
}

/** A lease's address: the kernel marks it dynamic and counts its seconds down, which it does for no static one. */
const isLeased = (address: Address): boolean =>
  address.dynamic === true && (address.valid_life_time ?? 0) > 0;

const command = 'ip -j -4 address show; ip -j -4 route show default';

/** A NIC has an IPv4 address from a DHCP lease, and the default route that came with it. */
export const dhcpAddress = defineProbeKind<'dhcp-address', { readonly nic: string }>({
  kind: 'dhcp-address',
  needs: ['shell'],
  title: ({ nic }) => `${nic} has a DHCP lease and a default route from it`,
  hint: ({ nic }) =>
    `In the machine: ip address; networkctl status ${nic}. The NIC's name follows from its slot: another machine type names it otherwise.`,
  async observe(target, { nic }) {
    const { stdout } = await target.execute(command);
    const [addressLine = '[]', routeLine = '[]'] = stdout.trim().split('\n');
    const links = JSON.parse(addressLine) as Link[];
    const routes = JSON.parse(routeLine) as Route[];
    const leased = globalAddresses(links, nic).find(isLeased)?.local;
    const route = routes.find((candidate) => candidate.dev === nic && candidate.protocol === 'dhcp');
    const all = links.flatMap((link) =>
      (link.addr_info ?? []).map(
        (address) => `${link.ifname} ${address.local}${address.dynamic ? ' (leased)' : ' (static)'}`,
      ),
    );
    return awaited(leased !== undefined && route !== undefined, {
      expected: `${nic} with a leased address and a default route by DHCP`,
      seen:
        leased !== undefined && route !== undefined
          ? `${leased}, default via ${route.gateway}`
          : `${all.join(', ') || 'no address'}; default routes: ${routes.map((r) => `${r.gateway} dev ${r.dev} proto ${r.protocol}`).join(', ') || 'none'}`,
      evidence: [{ source: command, text: stdout.trim() }],
    });
  },
});
