/** How QEMU's options are spelled. Nothing else here knows about its quoting. */
import type { Json } from '../base/json.ts';
import type { PciPlace } from './pci.ts';

export type Properties = Readonly<Record<string, Json | undefined>>;

/** An option whose value QEMU takes as JSON. Properties that are undefined are left out. */
export const json = (option: string, properties: Properties): string[] => [
  option,
  JSON.stringify(properties),
];

export const device = (driver: string, properties: Properties, place?: PciPlace): string[] =>
  json('-device', { driver, ...properties, ...place });

/** A value inside `name=value,name=value`, where a comma is doubled. */
export const plain = (value: string): string => value.replaceAll(',', ',,');

/** An option in the form `first,name=value`, for those that take no JSON. Undefined values are left out. */
export function keyed(
  option: string,
  first: string,
  properties: Readonly<Record<string, string | undefined>>,
) {
  const members = Object.entries(properties).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${plain(value)}`],
  );
  return [option, [first, ...members].join(',')];
}

/** A character device that connects to a unix socket on which somebody listens already. */
export const socketClient = (id: string, path: string): string[] =>
  keyed('-chardev', 'socket', { id, path, server: 'off' });

/** A machine's version, `9.2+pve1`, as numbers. */
function versionNumbers(version: string): readonly number[] {
  const [numbers = '', pve = '0'] = version.split('+pve');
  const [major = 0, minor = 0] = numbers.split('.').map(Number);
  return [major, minor, Number.parseInt(pve, 10)];
}

/** Whether Proxmox gives a machine what came with a version. A machine without a version is the newest. */
export function since(machineVersion: string | undefined, version: string): boolean {
  if (machineVersion === undefined) return true;
  const [have, wanted] = [versionNumbers(machineVersion), versionNumbers(version)];
  const differs = wanted.findIndex((number, index) => number !== have[index]);
  return differs < 0 || (have[differs] ?? 0) > (wanted[differs] ?? 0);
}
