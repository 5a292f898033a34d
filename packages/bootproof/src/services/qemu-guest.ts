import { nixValue } from '../nix/node.ts';
import { option } from '../options/option.ts';
import { mkIf } from '../options/property.ts';
import { types } from '../options/types.ts';
import { agentAddress, agentHostName, agentPing } from '../probes/kinds/agent.ts';
import { device, driver } from '../probes/kinds/device.ts';
import { unit } from '../probes/kinds/unit.ts';
import { defineService, nixosOnly } from './service.ts';

const source = 'nixos/modules/virtualisation/qemu-guest-agent.nix';

/** The name of the agent's port, by which udev and Proxmox know it. Source: QEMU's guest agent, Proxmox VE qemu-server. */
export const agentPort = 'org.qemu.guest_agent.0';

const channel = `/dev/virtio-ports/${agentPort}`;

/** The agent that tells Proxmox the machine's addresses, freezes its file systems and shuts it down cleanly. */
export const qemuGuest = defineService({
  name: 'qemuGuest',
  description: 'The QEMU guest agent.',
  options: {
    services: {
      qemuGuest: {
        enable: option({
          type: types.bool,
          default: false,
          description: 'Whether to run the QEMU guest agent.',
          source,
          verdict: 'provable',
        }),
        package: option({
          type: types.package,
          default: nixValue({ kind: 'package', attrPath: ['qemu_kvm', 'ga'] }),
          defaultText: 'pkgs.qemu_kvm.ga',
          description: 'The package that brings the agent.',
          source,
          verdict: nixosOnly("the stand-in takes Debian's own package"),
        }),
      },
    },
  },

  realise({ services: { qemuGuest: agent } }) {
    // Debian's package brings the udev rule that starts the unit when the port appears, as NixOS's module does.
    return agent.enable ? { packages: ['qemu-guest-agent'] } : {};
  },

  probes({ services: { qemuGuest: agent } }, guest) {
    if (!agent.enable) return [];
    const proves = ['services.qemuGuest.enable'];
    const nic = guest.nics[0];
    return [
      // The device comes first: udev starts the unit, so before it is there the unit may rightly be inactive.
      device.probe({
        id: 'qemuGuest/channel',
        params: { path: channel, type: 'character' },
        proves,
      }),
      driver.probe({
        id: 'qemuGuest/driver',
        params: {
          of: "the agent's port",
          sysPath: `/sys/class/virtio-ports/$(basename $(readlink -f ${channel}))/device`,
          driver: 'virtio_console',
        },
        proves,
        after: ['qemuGuest/channel'],
      }),
      unit.probe({
        id: 'qemuGuest/unit',
        params: { unit: 'qemu-guest-agent.service' },
        proves,
        after: ['qemuGuest/channel'],
      }),
      agentPing.probe({ id: 'qemuGuest/ping', params: {}, proves, after: ['qemuGuest/unit'] }),
      // A name that DHCP chooses is not known here.
      ...(guest.hostName === ''
        ? []
        : [
            agentHostName.probe({
              id: 'qemuGuest/host-name',
              params: { hostName: guest.hostName },
              proves: [...proves, 'networking.hostName'],
              after: ['qemuGuest/ping'],
            }),
          ]),
      ...(nic === undefined
        ? []
        : [
            agentAddress.probe({
              id: 'qemuGuest/address',
              params: { nic: nic.name },
              proves,
              after: ['qemuGuest/ping'],
            }),
          ]),
    ];
  },

  nixosTest: ({ services: { qemuGuest: agent } }) => ({
    node: {
      virtualisation: {
        qemu: {
          // The framework turns the agent on by itself, which a host without it would contradict.
          guestAgent: { enable: agent.enable },
          // In this order: the driver adds a bus of its own later, where the port would end up without one here.
          options: mkIf(agent.enable, [
            '-device virtio-serial-pci,id=qga',
            '-chardev socket,id=qga,path=qga.sock,server=on,wait=off',
            `-device virtserialport,bus=qga.0,chardev=qga,name=${agentPort}`,
          ]),
        },
      },
    },
    steps: [
      {
        title: "the guest agent's channel is there, and the agent runs",
        when: agent.enable,
        lines: [
          // udev starts the unit when the channel appears; before that, waiting for the unit would fail.
          `machine.wait_for_file("${channel}")`,
          'machine.wait_until_succeeds("systemctl is-active qemu-guest-agent.service")',
        ],
      },
      {
        title: 'the guest agent answers the host',
        when: agent.enable,
        imports: ['json', 'socket'],
        lines: [
          'with socket.socket(socket.AF_UNIX) as agent_socket:',
          '    agent_socket.settimeout(60)',
          '    agent_socket.connect(str(machine.state_dir / "qga.sock"))',
          '    agent_socket.sendall(b\'{"execute": "guest-ping"}\\n\')',
          '    agent_answer = json.loads(agent_socket.makefile("rb").readline())',
          'assert agent_answer == {"return": {}}, f"the guest agent answered {agent_answer}"',
        ],
      },
    ],
  }),
});
