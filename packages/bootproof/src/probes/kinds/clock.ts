import { settled } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';

const [bootTime, uptime] = ['/proc/stat', '/proc/uptime'];

/** What a guest's clock may be off by. A wrong time zone or a hardware clock read as another's is off by more. Seconds. */
const tolerance = 60;

/**
 * The guest's clock: when it was booted by that clock, and how long ago that is: proc(5), `btime` and /proc/uptime. Both
 * are files, and so travel with those of other probes. Seconds since 1970; undefined when one of them says nothing.
 */
export function guestClock(stat: string | undefined, upFor: string | undefined): number | undefined {
  const since = /^btime (\d+)$/m.exec(stat ?? '')?.[1];
  const seconds = /^(\d+(?:\.\d+)?) /.exec(upFor ?? '')?.[1];
  return since === undefined || seconds === undefined ? undefined : Number(since) + Number(seconds);
}

/** The guest's clock agrees with this computer's, which is read before and after the question. */
export const clock = defineProbeKind<'clock', Record<string, never>>({
  kind: 'clock',
  needs: ['shell'],
  title: () => `the clock is right to within ${tolerance} s`,
  hint: () =>
    "In the machine: timedatectl; cat /etc/adjtime. Proxmox's hardware clock is UTC, unless the VM has localtime.",
  async observe(target) {
    const asked = target.now() / 1000;
    const [stat, upFor] = await Promise.all([target.readFile(bootTime), target.readFile(uptime)]);
    const answered = target.now() / 1000;
    const seen = guestClock(stat, upFor);
    // Between the question and the answer any time is right.
    const off = seen === undefined ? Number.NaN : seen - Math.min(Math.max(seen, asked), answered);
    return settled(Math.abs(off) <= tolerance, {
      expected: `at most ${tolerance} s off`,
      seen: seen === undefined ? `no time in ${bootTime} and ${uptime}` : offWords(Math.round(off)),
      evidence: [
        { source: `${bootTime}, ${uptime}`, text: seen === undefined ? 'no time' : timeText(seen) },
        { source: 'this computer', text: timeText(asked) },
      ],
    });
  },
});

const offWords = (seconds: number): string =>
  seconds === 0 ? 'right' : `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}`;

const timeText = (seconds: number): string => `${seconds.toFixed(2)} s since 1970`;
