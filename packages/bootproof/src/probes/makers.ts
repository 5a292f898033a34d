/** The makers of probes, for tests that add some of their own: `probes.unit.probe({ … })`. */
export { agentAddress, agentHostName, agentPing } from './kinds/agent.ts';
export { bootLoader } from './kinds/boot-loader.ts';
export { bootTarget } from './kinds/boot-target.ts';
export { commandOutput } from './kinds/command-output.ts';
export { consoleText } from './kinds/console-text.ts';
export { device, driver } from './kinds/device.ts';
export { dhcpAddress } from './kinds/dhcp-address.ts';
export { fileLine } from './kinds/file-line.ts';
export { hostName } from './kinds/host-name.ts';
export { imageClean } from './kinds/image-clean.ts';
export { kernelParameter } from './kinds/kernel-parameter.ts';
export { listeningPort } from './kinds/listening-port.ts';
export { filesystemSize, mount } from './kinds/mount.ts';
export { partition } from './kinds/partition.ts';
export { sshAnswers, sshMethods } from './kinds/ssh.ts';
export { systemState } from './kinds/system-state.ts';
export { unit } from './kinds/unit.ts';
