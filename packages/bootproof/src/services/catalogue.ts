import { mergeOptionTrees } from '../options/option.ts';
import { boot } from './boot.ts';
import { disko } from './disko.ts';
import { etc } from './etc.ts';
import { fail2ban } from './fail2ban.ts';
import { fileSystems } from './file-systems.ts';
import { networkFirewall } from './firewall.ts';
import { interfacesAndRoutes } from './interfaces.ts';
import { networking } from './networking.ts';
import { nfsServer } from './nfs-server.ts';
import { nginx } from './nginx.ts';
import { nixAndPackages } from './nix.ts';
import { nodeExporter } from './node-exporter.ts';
import { openssh } from './openssh.ts';
import { postgresql } from './postgresql.ts';
import { qemuGuest } from './qemu-guest.ts';
import { redis } from './redis.ts';
import type { Service } from './service.ts';
import { system } from './system.ts';
import { systemdUnits } from './systemd.ts';
import { timesyncd } from './timesyncd.ts';
import { unbound } from './unbound.ts';
import { usersAndGroups } from './users.ts';
import { wireguard } from './wireguard.ts';

/** Every service, in the order in which plans and reports show them. A new one is a file beside these and a name here. */
const all = [
  boot,
  disko,
  networking,
  interfacesAndRoutes,
  networkFirewall,
  openssh,
  qemuGuest,
  system,
  usersAndGroups,
  fileSystems,
  nixAndPackages,
  wireguard,
  nfsServer,
  nodeExporter,
  timesyncd,
  unbound,
  fail2ban,
  systemdUnits,
  nginx,
  postgresql,
  redis,
  etc,
] as const;

type TreesOf<Services extends readonly Service[]> = {
  readonly [Index in keyof Services]: Services[Index]['options'];
};

/** The services of bootproof itself. */
export const services = all as unknown as readonly Service[];

/** The typed surface: the options of bootproof's own services as one tree. */
export const surface = mergeOptionTrees(
  ...(all.map((service) => service.options) as unknown as TreesOf<typeof all>),
);

export type Surface = typeof surface;

/** The services that a homelab knows, and the options that they declare. */
export interface Catalogue {
  /** In the order in which plans and reports show them. */
  readonly services: readonly Service[];
  /** The options of all services as one tree: those of the typed surface, and the homelab's own besides. */
  readonly surface: Surface;
  /** The file of a service that is the homelab's own, as faults name it; undefined for those of bootproof. */
  fileOf(service: Service): string | undefined;
}

/** The catalogue of a homelab without services of its own. */
export const builtIn: Catalogue = Object.freeze({ services, surface, fileOf: () => undefined });
