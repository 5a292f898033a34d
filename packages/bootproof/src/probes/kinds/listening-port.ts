import { awaited } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

/** The TCP ports in state LISTEN (0A) of /proc/net/tcp and tcp6, with their hexadecimal addresses. */
export function listeningPorts(table: string): Set<number> {
  const ports = new Set<number>();
  for (const line of table.split('\n')) {
    const match = /^\s*\d+:\s+[0-9A-F]+:([0-9A-F]{4})\s+\S+\s+0A\s/.exec(line);
    if (match?.[1]) ports.add(Number.parseInt(match[1], 16));
  }
  return ports;
}

/** A TCP port has a listener in the guest. */
export const listeningPort = defineProbeKind<'listening-port', { readonly port: number }>({
  kind: 'listening-port',
  needs: ['shell'],
  title: ({ port }) => `TCP port ${port} listens in the guest`,
  hint: ({ port }) => `In the machine: ss -ltnp 'sport = :${port}'`,
  async observe(target, { port }) {
    const tables = await Promise.all(
      ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => target.readFile(path)),
    );
    const ports = listeningPorts(tables.join('\n'));
    return awaited(ports.has(port), {
      expected: `a listener on ${port}`,
      seen: ports.size === 0 ? 'no listener' : `listeners on ${[...ports].sort((a, b) => a - b).join(', ')}`,
      evidence: [{ source: '/proc/net/tcp, /proc/net/tcp6', text: tables.join('').trimEnd() }],
    });
  },
});
