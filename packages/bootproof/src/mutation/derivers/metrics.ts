import { metric } from '../../probes/makers.ts';
import { from } from '../deriver.ts';
import { kernelName, otherName } from './network.ts';

/** The metric that names the machine: the node exporter's `uname` collector. */
export const metricDerivers = [
  from(metric, ({ metric: name, labels }) =>
    name === 'node_uname_info' && labels.some((label) => label.startsWith('nodename='))
      ? [{ ...kernelName, says: new RegExp(`^only node_uname_info\\{.*nodename="${otherName}"`) }]
      : [],
  ),
];
