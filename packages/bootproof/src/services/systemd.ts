import { nix, text } from '../nix/expression.ts';
import { eachString } from './nixos-test.ts';
import { defineService, textFile } from './service.ts';
import { systemdOptions } from './systemd/options.ts';
import { timerProbes } from './systemd/timer-probes.ts';
import { tmpfilesProbes } from './systemd/tmpfiles.ts';
import { serviceFiles, timerFiles, timersOf } from './systemd/unit-files.ts';
import { serviceProbes } from './systemd/unit-probes.ts';

/** Units that the owner writes: they run as declared, as the declared user, at the declared times. */
export const systemdUnits = defineService({
  name: 'systemd',
  description: 'Services, timers and temporary files that are declared by hand.',
  options: systemdOptions,

  realise({ systemd }) {
    const { rules } = systemd.tmpfiles;
    return {
      files: [
        ...Object.entries(systemd.services).flatMap(([name, service]) => serviceFiles(name, service)),
        ...timersOf(systemd).flatMap(({ name, timer }) => timerFiles(name, timer)),
        ...(rules.length === 0 ? [] : [textFile('/etc/tmpfiles.d/00-nixos.conf', rules)]),
      ],
    };
  },

  probes: ({ systemd }) => [
    ...Object.entries(systemd.services).flatMap(([name, service]) => serviceProbes(name, service)),
    ...timersOf(systemd).flatMap((timer) => timerProbes(timer)),
    ...tmpfilesProbes(systemd.tmpfiles.rules),
  ],

  // A service that failed is seen by the step about failed units. Timers are not seen by that: one that has no time to
  // go off at is simply not up. NixOS's own are among the host's, and are up there as well.
  nixosTest: ({ systemd }) => ({
    steps: [
      {
        title: 'every timer that the boot starts is up',
        lines: [
          eachString(
            'timer',
            nix`lib.attrNames (
              lib.filterAttrs (
                name: unit: unit.enable && lib.elem "timers.target" unit.wantedBy && !lib.hasSuffix "@" name
              ) ${systemd.timers}
            )`,
            (timer) => text`machine.wait_for_unit(${timer} + ".timer")`,
          ),
        ],
      },
    ],
  }),
});
