import type { ImageInspection, Target } from '../probes/target.ts';
import type { Machine } from './machine.ts';

/** A running machine as probes see it, together with what was read from its image before it was booted. */
export function machineTarget(machine: Machine, image: ImageInspection): Target {
  return {
    image,
    now: () => Date.now(),
    bootState: () => machine.bootState(),
    execute: (command, options) => machine.execute(command, options),
    readFile: (path) => machine.readFile(path),
    unitInfo: (unit) => machine.unitInfo(unit),
    console: { text: () => machine.console.text() },
    agent: {
      ping: () => machine.agent.ping(),
      hostName: () => machine.agent.hostName(),
      networkInterfaces: () => machine.agent.networkInterfaces(),
    },
    outside: machine.outside,
    ssh: { handshake: (guestPort) => machine.sshHandshake(guestPort) },
  };
}
