import { awaited, settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { quote } from '../shell.ts';

/** A device node is there. */
export const device = defineProbeKind<
  'device',
  { readonly path: string; readonly type: 'character' | 'block' }
>({
  kind: 'device',
  needs: ['shell'],
  title: ({ path }) => `${path} is there`,
  hint: ({ path }) =>
    `In the machine: ls -l ${path}; udevadm info ${path}. On Proxmox: the VM's hardware must have the device.`,
  async observe(target, { path, type }) {
    const test = type === 'character' ? '-c' : '-b';
    const command = `test ${test} ${quote(path)} && echo present; ls -lL ${quote(path)} 2>&1`;
    const { stdout } = await target.execute(command);
    return awaited(stdout.startsWith('present'), {
      expected: `a ${type} device`,
      seen: stdout.replace(/^present\n/, '').trim(),
      evidence: [{ source: command, text: stdout.trim() }],
    });
  },
});

/** The kernel driver that is bound to a device, by its path in /sys (a shell pattern is expanded). */
export const driver = defineProbeKind<
  'driver',
  { readonly of: string; readonly sysPath: string; readonly driver: string }
>({
  kind: 'driver',
  needs: ['shell'],
  title: (params) => `${params.driver} drives ${params.of}`,
  hint: ({ sysPath }) => `In the machine: ls -l ${sysPath}; lspci -k`,
  async observe(target, params) {
    const command = `for link in ${params.sysPath}/driver; do readlink "$link"; done`;
    const { stdout } = await target.execute(command);
    const drivers = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^.*\//, ''));
    return settled(drivers.length > 0 && drivers.every((name) => name === params.driver), {
      expected: params.driver,
      seen: drivers.join(', ') || 'no driver',
      evidence: [{ source: command, text: stdout.trim() }],
    });
  },
});
