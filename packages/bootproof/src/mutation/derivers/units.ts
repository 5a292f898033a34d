import { awaitFailure, overrideUnit, resolveUnit, unitFolder } from '../../probes/fault-commands.ts';
import { bootTarget, systemState, unit, unitRun } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { RunningFault, Sketch } from '../mutation.ts';
import { running } from '../shell.ts';

/** The guest agent's unit, by NixOS's name and Debian's. */
export const agentUnit = 'qemu-guest-agent.service';

/** A fault of the agent cannot be made or seen through the agent. */
const wayBeside = (name: string): RunningFault['via'] => (name === agentUnit ? 'ssh' : 'agent');

/** A unit is stopped: nothing more is wrong with it. */
export const unitStopped = (name: string): Omit<Sketch, 'says'> => ({
  id: `unit-stopped/${name}`,
  title: `${name} is stopped`,
  fault: running([`systemctl stop ${quote(name)}`], wayBeside(name)),
});

const masked = (name: string): Sketch => ({
  id: `unit-masked/${name}`,
  title: `${name} is masked`,
  fault: running(
    [
      resolveUnit(name),
      'systemctl stop "$unit"',
      `mkdir -p ${unitFolder}`,
      `for name in "$unit" ${quote(name)}; do ln -sfn /dev/null "${unitFolder}/$name"; done`,
      'systemctl daemon-reload',
    ],
    wayBeside(name),
  ),
  says: /masked/,
});

const failing = (name: string): Sketch => ({
  id: `unit-failing/${name}`,
  title: `${name} fails when it is started`,
  fault: running(
    [
      resolveUnit(name),
      ...overrideUnit(['ExecStart=', "ExecStart=/bin/sh -c 'exit 1'", 'Restart=no']),
      'systemctl restart "$unit" || true',
      ...awaitFailure('"$unit"'),
    ],
    wayBeside(name),
  ),
  says: /failed/,
});

/** A unit stays, but its process has ended: what it starts is another command. */
const ended = (name: string): Sketch => ({
  id: `unit-ended/${name}`,
  title: `${name} is active without a process`,
  fault: running([
    resolveUnit(name),
    ...overrideUnit([
      'Type=oneshot',
      'ExecStart=',
      'ExecStart=/bin/sh -c :',
      'RemainAfterExit=yes',
      'Restart=no',
    ]),
    'systemctl restart "$unit"',
  ]),
  says: /^loaded, active \(exited\)/,
});

export const unitDerivers = [
  from(unit, ({ unit: name }) => [
    masked(name),
    { ...unitStopped(name), says: /inactive|deactivating/ },
    ...(name.endsWith('.service') ? [failing(name)] : []),
  ]),
  from(unitRun, ({ unit: name, runs }) => [
    { ...masked(name), says: /^masked, / },
    { ...failing(name), says: /^loaded, failed \(failed\), result exit-code$/ },
    // What runs to its end is not there afterwards anyway.
    ...(runs === 'once' ? [] : [{ ...unitStopped(name), says: /^loaded, inactive \(dead\)/ }, ended(name)]),
  ]),
  from(bootTarget, ({ target }) => [
    {
      id: `target-stopped/${target}`,
      title: `${target} is not reached`,
      fault: running([`systemctl stop ${quote(target)}`]),
      says: /inactive/,
    },
  ]),
  from(systemState, () => [
    {
      id: 'unit-added/failed',
      title: 'a unit that nobody declared has failed',
      fault: running([
        "systemd-run --quiet --unit=mutation /bin/sh -c 'exit 1' || true",
        ...awaitFailure('mutation.service'),
      ]),
      says: /mutation\.service/,
    },
  ]),
];
