import { awaited } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { canonicalAddress } from './nic-addresses.ts';

interface Route {
  readonly gateway?: string;
  readonly dev?: string;
  readonly metric?: number;
  readonly prefsrc?: string;
  readonly protocol?: string;
  /** Where the kernel has put several routes of one metric together. */
  readonly nexthops?: readonly { readonly gateway?: string; readonly dev?: string }[];
}

/** Each way out as a route of its own. */
const ways = (route: Route): readonly Route[] =>
  route.nexthops === undefined ? [route] : route.nexthops.map((hop) => ({ ...route, ...hop }));

type Params = {
  readonly family: 'IPv4' | 'IPv6';
  readonly gateway: string;
  /** Null: whichever. */
  readonly nic: string | null;
  readonly metric: number | null;
  readonly source: string | null;
};

const routeWords = ({ gateway, dev, metric, prefsrc, protocol }: Route): string =>
  [
    `via ${gateway}`,
    ...(dev === undefined ? [] : [`dev ${dev}`]),
    ...(metric === undefined ? [] : [`metric ${metric}`]),
    ...(prefsrc === undefined ? [] : [`src ${prefsrc}`]),
    ...(protocol === undefined ? [] : [`proto ${protocol}`]),
  ].join(' ');

const wanted = ({ gateway, nic, metric, source }: Params): string =>
  routeWords({
    gateway,
    ...(nic === null ? {} : { dev: nic }),
    ...(metric === null ? {} : { metric }),
    ...(source === null ? {} : { prefsrc: source }),
  });

/** The machine has this default route, and not from a DHCP server or a router. */
export const defaultRoute = defineProbeKind<'default-route', Params>({
  kind: 'default-route',
  needs: ['shell'],
  title: (params) => `the default ${params.family} route goes ${wanted(params)}`,
  hint: () => 'In the machine: ip route; ip -6 route. A gateway has to lie in a subnet of one of its NICs.',
  async observe(target, params) {
    const command = `ip -j ${params.family === 'IPv4' ? '-4' : '-6'} route show default`;
    const { stdout } = await target.execute(command);
    const routes = (JSON.parse(stdout.trim() || '[]') as Route[]).flatMap(ways);
    const holds = (route: Route): boolean =>
      route.gateway === canonicalAddress(params.gateway) &&
      route.protocol === 'static' &&
      (params.nic === null || route.dev === params.nic) &&
      (params.metric === null || route.metric === params.metric) &&
      (params.source === null || route.prefsrc === canonicalAddress(params.source));
    return awaited(routes.some(holds), {
      expected: wanted(params),
      seen: routes.map(routeWords).join('; ') || 'no default route',
      evidence: [{ source: command, text: stdout.trim() }],
    });
  },
});
