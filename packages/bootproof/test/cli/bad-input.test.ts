import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { bootproof, homelabWith } from './command.ts';

const configuration = 'hosts/hl02/configuration.ts';
const diskoFile = 'hosts/hl02/disko.ts';
const vmFile = 'hosts/hl02/vm.ts';

/** configuration.ts with more definitions. */
const withDefinitions = (definitions: string, more = '') => `
import { defineModule } from 'bootproof';
import common from '../../roles/common/default.ts';
import proxmoxVm from '../../roles/proxmox-vm/default.ts';
${more}
export default defineModule(({ config, lib }) => ({
  imports: [common, proxmoxVm],
  networking: { hostId: '92bbb1e6' },
  ...(${definitions}),
} as never));
`;

const goodNames = `networking: { hostName: 'hl02' }, system: { stateVersion: '25.11' }`;

/** disko.ts with these partitions on /dev/vda, or another device. */
const withPartitions = (partitions: string, device = '/dev/vda') => `
import { defineModule } from 'bootproof';
export default defineModule(({ inputs }) => ({
  imports: [inputs.disko.nixosModules.disko],
  disko: { devices: { disk: { main: { device: '${device}', content: { type: 'gpt', partitions: { ${partitions} } } } } } },
}));
`;

const filesystem = (format: string, mountpoint: string) =>
  `content: { type: 'filesystem', format: '${format}', mountpoint: '${mountpoint}' }`;
const esp = `ESP: { size: '512M', type: 'EF00', ${filesystem('vfat', '/boot')} }`;
const root = `root: { size: '100%', ${filesystem('ext4', '/')} }`;

/** vm.ts with the disk under another key or of another size. */
const withDisk = (disk: string) => `
import { defineVm } from 'bootproof';
import proxmoxVm from '../../roles/proxmox-vm/vm.ts';
export default defineVm({
  extends: [proxmoxVm], name: 'hl02', cores: 2, memory: 4096, ${disk}, net0: { model: 'virtio', bridge: 'vmbr0' },
});
`;

interface Case {
  readonly name: string;
  readonly files: Readonly<Record<string, string | null>>;
  /** What the message has to say, in any order. */
  readonly says: readonly string[];
}

const cases: readonly Case[] = [
  {
    name: 'a host folder without configuration.ts',
    files: { [configuration]: null },
    says: ['hl02', 'configuration.ts'],
  },
  {
    name: 'an export that is not a module',
    files: { [configuration]: 'export default { networking: { hostName: "hl02" } };\n' },
    says: ['config/hosts/hl02/configuration.ts', 'defineModule'],
  },
  {
    name: 'TypeScript that does not compile',
    files: {
      [configuration]:
        "import { defineModule } from 'bootproof';\nexport default defineModule({ networking: { );\n",
    },
    says: ['config/hosts/hl02/configuration.ts', ':2:'],
  },
  {
    name: 'a wrong option name',
    files: {
      [configuration]: withDefinitions(
        `{ networking: { hostName: 'hl02', hostNmae: 'x' }, system: { stateVersion: '25.11' } }`,
      ),
    },
    says: ['networking.hostNmae', 'networking.hostName', 'configuration.ts'],
  },
  {
    name: 'a value of the wrong type',
    files: { [configuration]: withDefinitions(`{ ${goodNames}, services: { openssh: { enable: 'yes' } } }`) },
    says: ['services.openssh.enable', '"yes"', 'boolean'],
  },
  {
    name: 'a host id that is not 8 hexadecimal digits',
    files: {
      [configuration]: withDefinitions(
        `{ networking: { hostName: 'hl02', hostId: '92bb' }, system: { stateVersion: '25.11' } }`,
      ),
    },
    says: ['networking.hostId', '"92bb"', '8 hexadecimal digits'],
  },
  {
    name: 'a port out of range',
    files: {
      [configuration]: withDefinitions(`{ ${goodNames}, services: { openssh: { ports: [70000] } } }`),
    },
    says: ['services.openssh.ports', '70000', '65535'],
  },
  {
    name: 'a host name that is none of RFC 1123',
    files: {
      [configuration]: withDefinitions(
        `{ networking: { hostName: '-hl02.lan' }, system: { stateVersion: '25.11' } }`,
      ),
    },
    says: ['networking.hostName', '"-hl02.lan"', 'RFC 1123'],
  },
  {
    name: 'a state version that is no release',
    files: {
      [configuration]: withDefinitions(
        `{ networking: { hostName: 'hl02' }, system: { stateVersion: '25.12' } }`,
      ),
    },
    says: ['system.stateVersion', '"25.12"', 'release'],
  },
  {
    name: 'conflicting definitions',
    files: {
      [configuration]: withDefinitions(`{ ${goodNames} }`),
      'hosts/hl02/hardware.ts':
        "import { defineModule } from 'bootproof';\nexport default defineModule({ networking: { hostName: 'other' } });\n",
    },
    says: ['networking.hostName', 'hosts/hl02/configuration.ts', 'hosts/hl02/hardware.ts', 'mkForce'],
  },
  {
    name: 'an import cycle',
    files: {
      'hosts/hl02/hardware.ts': `
import { defineModule } from 'bootproof';
import more from './more.ts';
export default defineModule({ imports: [more] });
`,
      'hosts/hl02/more.ts': `
import { defineModule } from 'bootproof';
import hardware from './hardware.ts';
export default defineModule({ imports: [hardware] });
`,
    },
    says: ['hardware.ts', 'more.ts', 'import each other'],
  },
  {
    name: 'a reference cycle',
    files: {
      [configuration]: withDefinitions(
        `{ networking: { hostName: config.networking.domain, domain: config.networking.hostName }, system: { stateVersion: '25.11' } }`,
      ),
    },
    says: ['networking.hostName', 'networking.domain'],
  },
  {
    name: 'a reference used as a condition',
    files: {
      [configuration]: withDefinitions(`config.services.openssh.enable ? { ${goodNames} } : {}`),
    },
    says: ['config.services.openssh.enable', 'mkIf'],
  },
  {
    name: 'a disk on which the ESP does not fit',
    files: { [vmFile]: withDisk(`virtio0: { storage: 'local-lvm', size: '256M' }`) },
    says: ['partitions.ESP', '512M', '256M', 'does not fit'],
  },
  {
    name: 'two roots',
    files: { [diskoFile]: withPartitions(`${esp}, a: { size: '4G', ${filesystem('ext4', '/')} }, ${root}`) },
    says: ['disko.devices.disk.main', '/'],
  },
  { name: 'no root', files: { [diskoFile]: withPartitions(esp) }, says: ['disko.devices', 'root'] },
  { name: 'no ESP with ovmf', files: { [diskoFile]: withPartitions(root) }, says: ['ovmf', 'EF00'] },
  {
    name: 'overlapping partitions',
    files: {
      [diskoFile]: withPartitions(
        `ESP: { start: '1M', end: '600M', type: 'EF00', ${filesystem('vfat', '/boot')} }, root: { start: '500M', end: '8G', ${filesystem('ext4', '/')} }`,
      ),
    },
    says: ['partitions.root', 'ESP'],
  },
  {
    name: 'a disk that appears under another name than was declared',
    files: { [vmFile]: withDisk(`scsi0: { storage: 'local-lvm', size: '32G' }`) },
    says: ['hosts/hl02/disko.ts', 'hosts/hl02/vm.ts', 'scsi0', '/dev/sda', '/dev/vda'],
  },
  {
    name: 'a device that the VM does not have',
    files: { [diskoFile]: withPartitions(`${esp}, ${root}`, '/dev/vdb') },
    says: ['/dev/vdb', 'vm.ts'],
  },
  {
    name: 'an unknown key of the VM',
    files: { [vmFile]: withDisk(`virtio0: { storage: 'local-lvm', size: '32G' }, memroy: 1` as never) },
    says: ['memroy', 'memory', 'vm.ts'],
  },
];

describe('a wrong declaration is refused before anything is built or booted', () => {
  test.each(cases)('$name', async ({ files, says }) => {
    await using homelab = await homelabWith(files);
    // `check` itself: it must not come as far as building or booting.
    const { status, stdout, stderr } = await bootproof(['check', 'hl02'], { cwd: homelab.folder });
    expect(stderr).toMatch(/^bootproof: /);
    for (const text of says) expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
    expect(stdout).toBe('');
    expect(status).toBe(2);
    expect(await readdir(homelab.folder)).toEqual(['config']);
  });

  test('all faults are reported at once', async () => {
    await using homelab = await homelabWith({
      [configuration]: withDefinitions(
        `{ networking: { hostName: '-', hostId: 'x', hostNmae: 'y' }, system: { stateVersion: '1' }, services: { openssh: { ports: [70000] } } }`,
      ),
      [vmFile]: withDisk(`virtio0: { storage: 'local-lvm', size: '32G' }, bios: 'uefi'` as never),
    });
    const { status, stderr } = await bootproof(['plan', 'hl02'], { cwd: homelab.folder });
    const wanted = [
      'networking.hostName',
      'networking.hostId',
      'networking.hostNmae',
      'system.stateVersion',
      'services.openssh.ports',
      'bios',
    ];
    for (const option of wanted) expect(stderr).toContain(option);
    expect(status).toBe(2);
  });
});

describe('calls that are wrong', () => {
  test('an unknown host gets the nearest names', async () => {
    const { status, stderr } = await bootproof(['plan', 'hl2']);
    expect(stderr).toContain('hl02');
    expect(status).toBe(2);
  });

  test('no homelab', async () => {
    const { status, stderr } = await bootproof(['hosts'], { cwd: '/' });
    expect(stderr).toContain('--config');
    expect(status).toBe(2);
  });

  test('an unknown command gets the nearest one', async () => {
    const { status, stderr } = await bootproof(['chekc']);
    expect(stderr).toContain('check');
    expect(status).toBe(2);
  });

  test('an option with a wrong value', async () => {
    const { status, stderr } = await bootproof(['check', '--jobs', 'many']);
    expect(stderr).toContain('whole number');
    expect(status).toBe(2);
  });

  test('--debug adds the stack trace', async () => {
    const { stderr } = await bootproof(['plan', 'hl2', '--debug']);
    expect(stderr).toMatch(/\n\s+at /);
  });
});
