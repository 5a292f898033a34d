import { messageOf } from '../../base/errors.ts';
import { awaited, settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/** From outside: the forwarded port gives an SSH banner and finishes a key exchange. */
export const sshAnswers = defineProbeKind<'ssh-answers', { readonly port: number }>({
  kind: 'ssh-answers',
  needs: ['hardware'],
  title: ({ port }) => `SSH answers on port ${port} from outside, and finishes a key exchange`,
  hint: () => 'In the machine: systemctl status sshd; sshd -T. The firewall can also stand between.',
  async observe(target, { port }) {
    const expected = 'an SSH-2.0 banner and a finished key exchange';
    try {
      const { banner, kex, hostKeyType, hostKeySha256 } = await target.ssh.handshake(port);
      return awaited(banner.startsWith('SSH-2.0-'), {
        expected,
        seen: `${banner}, ${kex}, ${hostKeyType}`,
        evidence: [
          {
            source: `forward of guest port ${port}`,
            text: `${banner}\n${kex}\n${hostKeyType} SHA256:${hostKeySha256}`,
          },
        ],
      });
    } catch (error) {
      // QEMU accepts on the forward before the guest listens, and then drops the connection: nobody is there yet.
      const seen = messageOf(error);
      return awaited(false, { expected, seen });
    }
  },
});

/** Which ways to log in the server offers, and above all which not. */
export const sshMethods = defineProbeKind<
  'ssh-methods',
  { readonly port: number; readonly refused: readonly string[]; readonly offered: readonly string[] }
>({
  kind: 'ssh-methods',
  needs: ['hardware'],
  title: ({ refused }) => `SSH refuses login by ${refused.join(' and by ')}`,
  hint: () => 'In the machine: sshd -T | grep -i authentication',
  async observe(target, { port, refused, offered }) {
    const { methods } = await target.ssh.handshake(port);
    const wrong = refused.filter((method) => methods.includes(method));
    const missing = offered.filter((method) => !methods.includes(method));
    return settled(wrong.length === 0 && missing.length === 0, {
      expected: `offers ${offered.join(', ')}; not ${refused.join(', ')}`,
      seen: `offers ${methods.join(', ') || 'nothing'}`,
      evidence: [
        { source: `login to port ${port} by no method`, text: `can continue: ${methods.join(', ')}` },
      ],
    });
  },
});
