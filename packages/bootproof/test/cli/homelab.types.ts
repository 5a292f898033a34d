import {
  defineModule,
  defineVm,
  type Module,
  makeTest,
  mkDefault,
  mkForce,
  mkIf,
  nix,
  type Probe,
  probes,
  type Test,
  text,
  type Vm,
} from '../../src/index.ts';

/** What the compiler must accept and refuse in the files of a homelab, by the real options. Compiled, never run. */

export const acceptedModules: readonly Module[] = [
  defineModule({
    networking: { hostName: 'hl02', hostId: '92bbb1e6', useDHCP: true, hosts: { '10.0.0.1': ['a', 'b'] } },
    system: { stateVersion: '25.11' },
  }),
  defineModule({
    networking: {
      firewall: { allowedTCPPorts: [22], allowedTCPPortRanges: [{ from: 1, to: 2 }] },
      interfaces: { enp6s18: { ipv4: { addresses: [{ address: '10.0.0.2', prefixLength: 24 }] } } },
      defaultGateway: { address: '10.0.0.1', metric: 10 },
      nameservers: ['9.9.9.9'],
    },
  }),
  defineModule({
    services: {
      openssh: {
        settings: { PasswordAuthentication: mkForce(false), MaxAuthTries: 3, Ciphers: ['a'] },
        hostKeys: [{ type: 'ed25519', path: '/k' }],
      },
      qemuGuest: mkIf(true, { enable: mkDefault(true) }),
    },
  }),
  defineModule({ boot: { loader: { timeout: null, 'systemd-boot': { consoleMode: 'max' } } } }),
  defineModule({ disko: { devices: { disk: { main: { device: '/dev/vda' } } } } }),
  defineModule(({ config, pkgs, lib, inputs }) => ({
    imports: [inputs.disko.nixosModules.disko],
    networking: { domain: text`${config.networking.hostName}.lan` },
    environment: { systemPackages: [pkgs.htop] },
    users: { users: { alice: { isNormalUser: true, shell: pkgs.zsh } } },
    time: lib.mkIf(config.services.openssh.enable, { timeZone: nix`"UTC"` }),
    freeform: { services: { tlp: { enable: true } } },
  })),
];

export const refusedModules = [
  // @ts-expect-error no such option
  defineModule({ networking: { hostNmae: 'hl02' } }),
  // @ts-expect-error no such option, from a function
  defineModule(() => ({ services: { openssh: { enabled: true } } })),
  // @ts-expect-error no such service outside freeform
  defineModule({ services: { tlp: { enable: true } } }),
  // @ts-expect-error a text where a boolean is wanted
  defineModule({ services: { openssh: { enable: 'yes' } } }),
  // @ts-expect-error texts where ports are wanted
  defineModule({ services: { openssh: { ports: ['22'] } } }),
  // @ts-expect-error a number where the release's text is wanted
  defineModule({ system: { stateVersion: 25.11 } }),
  // @ts-expect-error not one of the modes
  defineModule({ boot: { loader: { 'systemd-boot': { consoleMode: 'huge' } } } }),
  // @ts-expect-error a number where null or a text is wanted
  defineModule({ time: { timeZone: 0 } }),
  // @ts-expect-error no such option of a user
  defineModule({ users: { users: { alice: { isNormal: true } } } }),
  // @ts-expect-error not one of the partition tables
  defineModule({ disko: { devices: { disk: { main: { content: { type: 'mbr' } } } } } }),
  defineModule({
    disko: {
      devices: {
        disk: {
          main: {
            content: {
              partitions: {
                // @ts-expect-error no such option of a partition
                root: { sise: '1G' },
              },
            },
          },
        },
      },
    },
  }),
  // @ts-expect-error a reference to an option of another type
  defineModule(({ config }) => ({ networking: { hostName: config.services.openssh.ports } })),
];

const vm: Vm = defineVm({
  bios: 'ovmf',
  machine: 'q35',
  cores: 2,
  memory: 4096,
  agent: 1,
  serial0: 'socket',
  virtio0: { storage: 'local-lvm', size: '32G' },
  scsi1: 'local-lvm:vm-100-disk-1,size=8G',
  net0: { model: 'virtio', bridge: 'vmbr0' },
  efidisk0: { storage: 'local-lvm', efitype: '4m', 'pre-enrolled-keys': false },
});

export const acceptedVms: readonly Vm[] = [vm, defineVm({ extends: [vm], name: 'hl02' })];

export const refusedVms = [
  // @ts-expect-error no such key of qm.conf
  defineVm({ core: 2 }),
  // @ts-expect-error no such firmware
  defineVm({ bios: 'uefi' }),
  // @ts-expect-error Proxmox has virtio0 to virtio15
  defineVm({ virtio16: { storage: 'local-lvm', size: '32G' } }),
  // @ts-expect-error no such member of a disk
  defineVm({ virtio0: { storage: 'local-lvm', sise: '32G' } }),
  // @ts-expect-error no such model of a NIC
  defineVm({ net0: { model: 'virtio-net', bridge: 'vmbr0' } }),
  // @ts-expect-error only VMs can be extended
  defineVm({ extends: [{ bios: 'ovmf' }] }),
];

const configuration = defineModule({});

const own: Probe = probes.commandOutput.probe({
  id: 'own/kernel',
  params: { command: 'uname -s', output: 'Linux' },
  proves: ['boot.kernelParams'],
});

export const acceptedTest: Test = makeTest({ host: { configuration, vm }, extraProbes: [own] });

export const refusedTests = [
  // @ts-expect-error a test is of a host
  makeTest({ configuration, vm }),
  // @ts-expect-error a host has a VM
  makeTest({ host: { configuration } }),
  // @ts-expect-error the VM is no module
  makeTest({ host: { configuration: vm, vm } }),
];

// @ts-expect-error a port is a number
probes.listeningPort.probe({ id: 'own/port', params: { port: '80' }, proves: [] });
// @ts-expect-error no such parameter
probes.unit.probe({ id: 'own/unit', params: { name: 'cron.service' }, proves: [] });
// @ts-expect-error a probe proves something
probes.unit.probe({ id: 'own/unit', params: { unit: 'cron.service' } });

export function reading(test: Test): void {
  // @ts-expect-error a plan is read only
  test.name = 'other';
  // @ts-expect-error the way in is not there on every host
  void test.ssh.guestPort;
}
