import { option } from '../../options/option.ts';
import { types } from '../../options/types.ts';
import { nixosOnly } from '../service.ts';

const shown = { source: 'nixos/modules/system/boot/systemd.nix', verdict: 'provable' } as const;

const atom = types.oneOf([types.bool, types.int, types.float, types.str]);
const settings = types.attrsOf(types.either(atom, types.listOf(atom)));
const units = (description: string, example: readonly string[]) =>
  option({ type: types.listOf(types.nonEmptyStr), default: [], example, description, ...shown });

const common = {
  enable: option({
    type: types.bool,
    default: true,
    description: 'Whether the unit is there; if not, systemd takes it for masked.',
    ...shown,
  }),
  description: option({
    type: types.singleLineStr,
    default: '',
    example: 'Nightly copy of the photos',
    description: 'What the unit is called in messages.',
    ...shown,
  }),
  wantedBy: units('Units that have this one started with them.', ['multi-user.target']),
};

const service = types.submodule({
  ...common,
  after: units('Units that are started before this one, where both are.', ['network.target']),
  before: units('Units that are started after this one, where both are.', ['shutdown.target']),
  requires: units('Units without which this one does not start.', ['var-lib-photos.mount']),
  wants: units('Units that are started with this one, and may fail.', ['network-online.target']),
  environment: option({
    type: types.attrsOf(types.nullOr(types.oneOf([types.str, types.path, types.package]))),
    default: {},
    example: { LANG: 'C.UTF-8' },
    description: "Environment variables of the service's processes; null leaves one out.",
    ...shown,
  }),
  path: option({
    type: types.listOf(types.either(types.package, types.str)),
    default: [],
    description: "Packages whose programs are on the service's PATH.",
    ...shown,
    verdict: nixosOnly('packages of Nix are not on a Debian base'),
  }),
  script: option({
    type: types.lines,
    default: '',
    example: 'date > /run/started',
    description: 'Commands of the shell that are the main process. The first that fails ends it.',
    ...shown,
  }),
  serviceConfig: option({
    type: settings,
    default: {},
    example: { Type: 'oneshot', User: 'nobody' },
    description: 'Settings of the section Service, by the names of systemd.service(5) and systemd.exec(5).',
    ...shown,
  }),
  startAt: option({
    type: types.either(types.str, types.listOf(types.str)),
    default: [],
    example: 'Sun 14:00:00',
    description: 'When a timer starts it, as in systemd.time(7).',
    ...shown,
  }),
});

const timer = types.submodule({
  ...common,
  timerConfig: option({
    type: settings,
    default: {},
    example: { OnCalendar: 'daily', Persistent: true },
    description: 'Settings of the section Timer, by the names of systemd.timer(5).',
    ...shown,
  }),
});

/** systemd.services, systemd.timers and systemd.tmpfiles: a part of what NixOS has there. Facts: nixos/lib/systemd-unit-options.nix. */
export const systemdOptions = {
  systemd: {
    services: option({
      type: types.attrsOf(service),
      default: {},
      description: 'Services of systemd, by name.',
      ...shown,
    }),
    timers: option({
      type: types.attrsOf(timer),
      default: {},
      description: 'Timers of systemd, by name. Each starts the service of the same name.',
      ...shown,
    }),
    tmpfiles: {
      rules: option({
        type: types.listOf(types.str),
        default: [],
        example: ['d /var/lib/photos 0750 nobody nogroup - -'],
        description: 'Lines of tmpfiles.d(5): files and folders that are made, changed or removed at boot.',
        source: 'nixos/modules/system/boot/systemd/tmpfiles.nix',
        verdict: 'provable',
      }),
    },
  },
} as const;
