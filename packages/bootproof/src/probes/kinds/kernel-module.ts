import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { quote } from '../shell.ts';

/** A kernel module is loaded, or is built into the kernel. */
export const kernelModule = defineProbeKind<'kernel-module', { readonly module: string }>({
  kind: 'kernel-module',
  needs: ['shell'],
  title: ({ module }) => `the kernel module ${module} is loaded`,
  hint: ({ module }) => `In the machine: lsmod; modinfo ${module}; journalctl -b -u systemd-modules-load`,
  async observe(target, { module }) {
    // The kernel lists modules with underscores, whatever the file is called: modprobe(8).
    const name = module.replaceAll('-', '_');
    const loaded = new RegExp(`^${name} .*`, 'm').exec((await target.readFile('/proc/modules')) ?? '')?.[0];
    if (loaded !== undefined) return sight(module, true, 'loaded', '/proc/modules', loaded);
    const command = `PATH="$PATH:/usr/sbin:/sbin" modinfo -F filename ${quote(module)}`;
    const { stdout, stderr } = await target.execute(command);
    const file = stdout.trim();
    // A module that the kernel has in it has this in place of a file: modinfo(8).
    if (file === '(builtin)') return sight(module, true, 'built into the kernel', command, file);
    return sight(
      module,
      false,
      file === '' ? 'unknown to this kernel' : 'not loaded',
      command,
      file || stderr.trim(),
    );
  },
});

const sight = (module: string, holds: boolean, seen: string, source: string, text: string) =>
  settled(holds, { expected: `${module} loaded`, seen, evidence: [{ source, text }] });
