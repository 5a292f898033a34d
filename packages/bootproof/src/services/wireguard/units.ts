import type { ImageFile } from '../recipe.ts';
import { textFile, wantedBy } from '../service.ts';
import type { Interface, Peer } from './options.ts';

/** The word for `ip`'s command line that says which of the two protocols an address is of. */
export const family = (address: string): string => (address.includes(':') ? '-6' : '-4');

/** The units of an interface, under NixOS's names. */
export function interfaceFiles(name: string, each: Interface): ImageFile[] {
  const service = `wireguard-${name}.service`;
  return [
    ...(each.generatePrivateKeyFile && each.privateKeyFile !== null
      ? [keyUnit(name, each.privateKeyFile)]
      : []),
    textFile(`/etc/systemd/system/${service}`, [
      '[Unit]',
      `Description=WireGuard Tunnel - ${name}`,
      ...(each.generatePrivateKeyFile ? [`Requires=wireguard-${name}-key.service`] : []),
      `After=network-pre.target${each.generatePrivateKeyFile ? ` wireguard-${name}-key.service` : ''}`,
      'Before=network.target',
      'Wants=network.target',
      '',
      '[Service]',
      'Type=oneshot',
      'RemainAfterExit=yes',
      ...startCommands(name, each).map((command) => `ExecStart=${command}`),
      `ExecStop=ip link delete dev ${name}`,
    ]),
    wantedBy('multi-user.target', service, '/etc/systemd/system'),
  ];
}

function keyUnit(name: string, file: string): ImageFile {
  const folder = file.replace(/\/[^/]*$/, '') || '/';
  return textFile(`/etc/systemd/system/wireguard-${name}-key.service`, [
    '[Unit]',
    `Description=WireGuard Tunnel - ${name} - Key Generator`,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'UMask=0077',
    `ExecStart=mkdir -p -m 0755 ${folder}`,
    `ExecStart=/bin/sh -c 'test -f ${file} || wg genkey > ${file}'`,
  ]);
}

function startCommands(name: string, each: Interface): string[] {
  const set = [
    ...(each.privateKeyFile === null ? [] : [`private-key ${each.privateKeyFile}`]),
    ...(each.listenPort === null ? [] : [`listen-port ${each.listenPort}`]),
  ];
  return [
    `ip link add dev ${name} type wireguard`,
    ...(each.mtu === null ? [] : [`ip link set dev ${name} mtu ${each.mtu}`]),
    ...each.ips.map((address) => `ip ${family(address)} address add ${address} dev ${name}`),
    ...(set.length === 0 ? [] : [`wg set ${name} ${set.join(' ')}`]),
    `ip link set up dev ${name}`,
    ...each.peers.map((one) => `wg set ${name} ${peerWords(one)}`),
    ...(each.allowedIPsAsRoutes ? each.peers.flatMap(({ allowedIPs }) => allowedIPs) : []).map(
      (address) => `ip ${family(address)} route replace ${address} dev ${name}`,
    ),
  ];
}

const peerWords = (one: Peer): string =>
  [
    `peer ${one.publicKey}`,
    ...(one.presharedKeyFile === null ? [] : [`preshared-key ${one.presharedKeyFile}`]),
    ...(one.endpoint === null ? [] : [`endpoint ${one.endpoint}`]),
    ...(one.persistentKeepalive === null ? [] : [`persistent-keepalive ${one.persistentKeepalive}`]),
    ...(one.allowedIPs.length === 0 ? [] : [`allowed-ips ${one.allowedIPs.join(',')}`]),
  ].join(' ');
