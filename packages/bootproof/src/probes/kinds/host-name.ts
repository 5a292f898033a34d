import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/** The host name: the static one that is kept, and the one that the kernel uses now. */
export const hostName = defineProbeKind<'host-name', { readonly hostName: string }>({
  kind: 'host-name',
  needs: ['shell'],
  title: (params) => `the host name is ${params.hostName}, statically and in the kernel`,
  hint: () => 'In the machine: hostnamectl; a DHCP server or a leftover /etc/hostname can change the name.',
  async observe(target, params) {
    const [fixed, kernel] = await Promise.all([
      target.readFile('/etc/hostname'),
      target.readFile('/proc/sys/kernel/hostname'),
    ]);
    const seen = { static: fixed?.trim() ?? 'none', kernel: kernel?.trim() ?? 'none' };
    return settled(seen.static === params.hostName && seen.kernel === params.hostName, {
      expected: `${params.hostName}, ${params.hostName}`,
      seen: `${seen.static}, ${seen.kernel}`,
      evidence: [
        { source: '/etc/hostname', text: seen.static },
        { source: '/proc/sys/kernel/hostname', text: seen.kernel },
      ],
    });
  },
});
