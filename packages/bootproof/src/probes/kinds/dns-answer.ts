import { messageOf } from '../../base/errors.ts';
import { type DnsCode, type DnsType, dnsQuestion, readDnsAnswer } from '../dns-message.ts';
import { notYet, settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { tcpCommand } from '../tcp.ts';

/** Sends the question that is the first word, and prints the answer's bytes: two of them say how many follow. */
const exchange = [
  'printf "$1" >&3',
  'length=$(head -c 2 <&3 | od -An -tu1)',
  'set -- $length',
  'head -c $(($1 * 256 + $2)) <&3 | od -An -v -tx1',
].join(' && ');

const printfBytes = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');

/** A DNS server of the guest, asked from within over TCP, gives this answer. */
export const dnsAnswer = defineProbeKind<
  'dns-answer',
  {
    /** A literal address. */
    readonly server: string;
    readonly port: number;
    readonly name: string;
    readonly type: DnsType;
    readonly code: DnsCode;
    /** One record's data, as a zone file has it; null: only the code counts. */
    readonly data: string | null;
  }
>({
  kind: 'dns-answer',
  needs: ['shell'],
  title: ({ server, name, type, code, data }) =>
    data === null
      ? `${server} answers ${code} when asked for ${type} of ${name}`
      : `${server} says that ${type} of ${name} is ${data}`,
  hint: ({ server, name, type }) =>
    `In the machine: ss -ltnp 'sport = :53'. From a computer with dig: dig +tcp @${server} ${name} ${type}`,
  async observe(target, { server, port, name, type, code, data }) {
    const command = tcpCommand(server, port, exchange, { words: [printfBytes(dnsQuestion(name, type))] });
    const { stdout, stderr, exitCode } = await target.execute(command);
    const expected = data === null ? code : `${code}, ${data}`;
    if (exitCode !== 0 || stdout.trim() === '') {
      const said = stderr.trim().split('\n')[0] ?? '';
      return notYet({ expected, seen: `no answer (exit status ${exitCode}${said ? `: ${said}` : ''})` });
    }
    const evidence = [{ source: `${type} ${name} @${server}:${port}`, text: stdout.trimEnd() }];
    try {
      const bytes = stdout
        .trim()
        .split(/\s+/)
        .map((byte) => Number.parseInt(byte, 16));
      const answer = readDnsAnswer(Uint8Array.from(bytes), type);
      return settled(answer.code === code && (data === null || answer.data.includes(data)), {
        expected,
        seen: [answer.code, ...answer.data].join(', '),
        evidence,
      });
    } catch (error) {
      return settled(false, {
        expected,
        seen: `an answer that cannot be read: ${messageOf(error)}`,
        evidence,
      });
    }
  },
});
