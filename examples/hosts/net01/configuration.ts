import { defineModule } from 'bootproof';
import common from '../../roles/common/default.ts';
import proxmoxVm from '../../roles/proxmox-vm/default.ts';

export default defineModule({
  description: `
    net01, logically: a machine between two networks.

    It gets its address by DHCP in the first and has addresses of its own in the second, where its
    gateway and its name servers are. Its firewall lets in what is named here, and nothing else.
  `,

  imports: [common, proxmoxVm],

  networking: {
    hostName: 'net01',
    domain: 'home.arpa',
    useDHCP: true,

    interfaces: {
      enp6s18: { useDHCP: true },
      enp6s19: {
        useDHCP: false,
        ipv4: { addresses: [{ address: '192.168.77.5', prefixLength: 24 }] },
        ipv6: { addresses: [{ address: 'fd00:77::5', prefixLength: 64 }] },
        mtu: 1400,
        macAddress: '02:00:00:00:77:05',
      },
    },
    defaultGateway: { address: '192.168.77.1', interface: 'enp6s19', metric: 5000 },
    defaultGateway6: { address: 'fd00:77::1', interface: 'enp6s19' },
    nameservers: ['192.168.77.1', 'fd00:77::1'],
    search: ['home.arpa', 'lab.home.arpa'],
    hosts: {
      '192.168.77.2': ['files.home.arpa', 'files'],
      'fd00:77::2': ['files6.home.arpa'],
    },

    firewall: {
      enable: true,
      allowPing: false,
      allowedTCPPorts: [8080],
      allowedTCPPortRanges: [{ from: 9000, to: 9003 }],
      allowedUDPPorts: [5353],
      allowedUDPPortRanges: [{ from: 60000, to: 60010 }],
      interfaces: {
        enp6s18: { allowedTCPPorts: [7070], allowedUDPPorts: [7071] },
      },
    },
  },

  services: { openssh: { openFirewall: true } },

  system: { stateVersion: '25.11' },
});
