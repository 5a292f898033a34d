import type { ImageFile } from './recipe.ts';
import { textFile, wantedBy } from './service.ts';

/** The lines of a .network file of systemd-networkd that follow from whether IPv6 is on. Source: systemd.network(5). */
export function protocolLines({
  dhcp,
  enableIPv6,
}: {
  readonly dhcp: boolean;
  readonly enableIPv6: boolean;
}): string[] {
  const only = enableIPv6 ? 'yes' : 'ipv4';
  return [
    `DHCP=${dhcp ? only : 'no'}`,
    'IPv6PrivacyExtensions=kernel',
    // networkd turns the kernel's switch on again for a link that is to have an address of IPv6.
    ...(enableIPv6 ? [] : ['LinkLocalAddressing=no', 'IPv6AcceptRA=no']),
  ];
}

/** A .network file and what starts networkd. Of several that match a NIC, the first by name counts. */
export function networkFiles(name: string, lines: readonly string[]): ImageFile[] {
  return [
    textFile(`/etc/systemd/network/${name}.network`, lines),
    wantedBy('multi-user.target', 'systemd-networkd.service'),
  ];
}
