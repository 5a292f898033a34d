import { agentAddress, agentHostName, agentPing } from './kinds/agent.ts';
import { bootLoader } from './kinds/boot-loader.ts';
import { bootTarget } from './kinds/boot-target.ts';
import { commandOutput } from './kinds/command-output.ts';
import { consoleText } from './kinds/console-text.ts';
import { device, driver } from './kinds/device.ts';
import { dhcpAddress } from './kinds/dhcp-address.ts';
import { fileLine } from './kinds/file-line.ts';
import { hostName } from './kinds/host-name.ts';
import { imageClean } from './kinds/image-clean.ts';
import { kernelParameter } from './kinds/kernel-parameter.ts';
import { listeningPort } from './kinds/listening-port.ts';
import { filesystemSize, mount } from './kinds/mount.ts';
import { partition } from './kinds/partition.ts';
import { sshAnswers, sshMethods } from './kinds/ssh.ts';
import { systemState } from './kinds/system-state.ts';
import { unit } from './kinds/unit.ts';
import type { ProbeKind } from './probe.ts';

/** Every kind of probe. The makers are typed by their own parameters; whoever runs a planned probe knows only JSON. */
const kinds = [
  agentAddress,
  agentHostName,
  agentPing,
  bootLoader,
  bootTarget,
  commandOutput,
  consoleText,
  device,
  dhcpAddress,
  driver,
  fileLine,
  filesystemSize,
  hostName,
  imageClean,
  kernelParameter,
  listeningPort,
  mount,
  partition,
  sshAnswers,
  sshMethods,
  systemState,
  unit,
] as unknown as readonly ProbeKind[];

/** The kinds by name: what a planned probe's `kind` refers to. */
export const probeKinds: ReadonlyMap<string, ProbeKind> = new Map(kinds.map((kind) => [kind.kind, kind]));
