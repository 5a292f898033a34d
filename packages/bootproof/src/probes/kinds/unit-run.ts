import { failed, notYet, passed } from '../observation.ts';
import { defineProbeKind } from '../probe.ts';
import { quote } from '../shell.ts';

export interface UnitRunParams {
  readonly [key: string]: string;
  readonly unit: string;
  /** `once`: it has run to its end, as a oneshot does. `on`: its process is there. */
  readonly runs: 'once' | 'on';
}

// org.freedesktop.systemd1(5): the time is 0 as long as the main process was never started.
const properties =
  'LoadState,ActiveState,SubState,Result,MainPID,ExecMainStartTimestampMonotonic,ExecMainStatus';

/** What `systemctl show` printed, as a record. */
function parse(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** A service runs, or has run to its end and succeeded. */
export const unitRun = defineProbeKind<'unit-run', UnitRunParams>({
  kind: 'unit-run',
  needs: ['shell'],
  title: ({ unit, runs }) => (runs === 'once' ? `${unit} has run and succeeded` : `${unit} runs`),
  hint: ({ unit }) => `In the machine: systemctl status ${unit}; journalctl -b -u ${unit}`,
  async observe(target, { unit, runs }) {
    const command = `systemctl show -p ${properties} -- ${quote(unit)}`;
    const { stdout } = await target.execute(command);
    const shown = parse(stdout);
    const {
      LoadState = 'unknown',
      ActiveState = 'unknown',
      SubState = 'unknown',
      Result = 'unknown',
    } = shown;
    const started = Number(shown['ExecMainStartTimestampMonotonic'] ?? 0) > 0;
    const sight = {
      expected: runs === 'once' ? 'has run, result success' : 'active, with a process',
      seen: `${LoadState}, ${ActiveState} (${SubState}), ${started ? `result ${Result}` : 'never started'}`,
      evidence: [{ source: command, text: stdout.trim() }],
    };
    if (LoadState !== 'loaded' || ActiveState === 'failed') return failed(sight);
    if (!started) return notYet(sight);
    if (runs === 'on') return ActiveState === 'active' && hasProcess(shown) ? passed(sight) : notYet(sight);
    // While it is starting, its result is that of nothing yet.
    if (ActiveState === 'activating') return notYet(sight);
    return Result === 'success' && shown['ExecMainStatus'] === '0' ? passed(sight) : failed(sight);
  },
});

const hasProcess = (shown: Readonly<Record<string, string>>): boolean => Number(shown['MainPID'] ?? 0) > 0;
