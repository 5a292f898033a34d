import { pciPlace } from './pci.ts';
import { device, json, since, socketClient } from './qemu-options.ts';
import type { NicModel } from './schema.ts';
import type { VmConfiguration, VmNic } from './vm.ts';

/** Where the guest's packets are looked at before they leave its network. */
export interface Guard {
  /** A unix socket that gets every packet that the guest sends. */
  readonly fromGuest: string;
  /** A unix socket from which those come back that may pass. */
  readonly toNetwork: string;
}

const models: Partial<Readonly<Record<NicModel, string>>> = { virtio: 'virtio-net-pci' };

/**
 * NICs, each on a user-mode network of its own where DHCP answers. Nothing leads out of them: what the first NIC sends
 * passes by the guard. QEMU's own `restrict` would shut the network too, but its DHCP then names no router; it has to do
 * for further NICs, and where there is no guard.
 */
export function network(vm: VmConfiguration, guard: Guard | undefined): string[] {
  return vm.nics.flatMap((nic, position) => {
    const guarded = position === 0 ? guard : undefined;
    return [
      ...json('-netdev', {
        type: 'user',
        id: nic.key,
        restrict: guarded === undefined,
        // QEMU's own is 10.0.2.0/24. Two NICs of one guest must not find themselves on the same.
        net: position === 0 ? undefined : `10.0.${2 + position}.0/24`,
      }),
      ...(guarded === undefined ? [] : redirector(nic, guarded)),
      ...card(vm, nic),
    ];
  });
}

function redirector({ key }: VmNic, { fromGuest, toNetwork }: Guard): string[] {
  return [
    ...socketClient('from-guest', fromGuest),
    ...socketClient('to-network', toNetwork),
    ...json('-object', {
      'qom-type': 'filter-redirector',
      id: 'egress',
      netdev: key,
      // `rx` is what the network receives.
      queue: 'rx',
      outdev: 'from-guest',
      indev: 'to-network',
    }),
  ];
}

/** No boot index: a disk that does not boot shall be seen as that, and not as an attempt to boot by network. */
function card({ machineVersion }: VmConfiguration, { key, model, macaddr, mtu }: VmNic): string[] {
  const virtio = model === 'virtio';
  const modern = virtio && since(machineVersion, '7.1');
  return device(
    models[model] ?? model,
    {
      id: key,
      mac: macaddr,
      netdev: key,
      rx_queue_size: modern ? 1024 : undefined,
      tx_queue_size: modern ? 256 : undefined,
      host_mtu: virtio ? hostMtu(machineVersion, mtu) : undefined,
    },
    model === 'ne2k_isa' ? undefined : pciPlace(key),
  );
}

/** Newer machines always say the bridge's MTU, older ones only one that is not 1500. */
function hostMtu(machineVersion: string | undefined, mtu = 1500): number | undefined {
  return mtu !== 1500 || since(machineVersion, '10.0+pve1') ? mtu : undefined;
}
