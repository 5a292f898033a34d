import { agentPing } from '../../probes/makers.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';
import { agentUnit, unitStopped } from './units.ts';

/**
 * The agent is stopped for longer than Proxmox waits, let go until it has said what it was asked, and stopped again
 * before the next question: it is idle once its state is `S`, sleeping (proc(5)).
 */
const late: Sketch = {
  id: 'agent-late',
  title: 'the guest agent takes longer to answer than Proxmox waits',
  fault: running(
    [
      `pid=$(systemctl show -P MainPID ${agentUnit})`,
      'kill -STOP "$pid"',
      '{ while sleep 4.5; do',
      '  kill -CONT "$pid"; state=R',
      '  while [ "$state" != S ]; do read -r _ _ state _ < "/proc/$pid/stat"; done',
      '  kill -STOP "$pid"',
      'done; } > /dev/null 2>&1 &',
    ],
    'ssh',
  ),
  says: /^answered after [3-9]\.\d s$/,
};

export const agentDerivers = [
  from(agentPing, () => [
    { ...unitStopped(agentUnit), says: /did not answer|closed|nobody/ },
    {
      id: 'agent-hangs',
      title: 'the guest agent runs and answers nothing',
      fault: running([`systemctl kill -s STOP ${agentUnit}`], 'ssh'),
      says: /did not answer/,
    },
    late,
  ]),
];
