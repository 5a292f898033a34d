import type { Test } from '../../plan/test.ts';
import { literally, rewrite } from '../../probes/fault-commands.ts';
import { bootLoader, consoleText, fileLine, kernelModule, kernelParameter } from '../../probes/makers.ts';
import { quote } from '../../probes/shell.ts';
import { from } from '../deriver.ts';
import type { Sketch } from '../mutation.ts';
import { running } from '../shell.ts';
import { fileRemoved } from './files.ts';

/** The image's boot entry lacks a kernel parameter. */
const dropped = (parameter: string): Omit<Sketch, 'says'> => ({
  id: `parameter-dropped/${parameter}`,
  title: `the kernel is started without ${parameter}`,
  fault: {
    type: 'boot',
    rebuilds: true,
    alone: false,
    change: (test: Test) => {
      const kernelParams = test.image.kernelParams.filter((each) => each !== parameter);
      return { ...test, image: { ...test.image, kernelParams } };
    },
  },
});

const variables = '/sys/firmware/efi/efivars';
const vendor = '4a67b082-0a4c-41cf-b6c7-440b29bb8c4f';

/**
 * The EFI variables as another loader, or this one from elsewhere, would have left them. The firmware lets nobody change
 * the real ones while it runs, so a copy is laid over them.
 */
const efiVariable = (name: string, text: string): string[] => [
  'mkdir -p /run/mutation.efi',
  `cp ${variables}/Loader*-${vendor} /run/mutation.efi/`,
  `{ printf '\\006\\000\\000\\000'; printf '%s' ${quote(text)} | sed 's/./&\\n/g' | tr '\\n' '\\000'; } > /run/mutation.efi/${name}-${vendor}`,
  `mount --bind /run/mutation.efi ${variables}`,
];

export const bootDerivers = [
  from(kernelParameter, ({ parameter }, { image }) =>
    image.kernelParams.includes(parameter)
      ? [{ ...dropped(parameter), says: new RegExp(`^(?!(.*\\s)?${literally(parameter)}(\\s|$))`) }]
      : [],
  ),
  from(consoleText, (_, { image }) => {
    const console = image.kernelParams.findLast((parameter) => parameter.startsWith('console='));
    return console === undefined ? [] : [{ ...dropped(console), says: /^last line: / }];
  }),
  from(bootLoader, ({ loader }) => [
    {
      id: 'loader-other',
      title: `the firmware started another boot loader than ${loader}`,
      fault: running(efiVariable('LoaderInfo', 'GRUB 2.06')),
      says: /^GRUB 2\.06/,
    },
    {
      id: 'loader-elsewhere',
      title: `the firmware started ${loader} from another partition`,
      fault: running(efiVariable('LoaderDevicePartUUID', '00000000-0000-0000-0000-000000000001')),
      says: /from 0{8}-/,
    },
  ]),
  from(kernelModule, ({ module }) => [
    {
      id: `module-unloaded/${module}`,
      title: `the kernel module ${module} is not loaded`,
      fault: running([`modprobe -r ${quote(module)}`]),
      says: /^not loaded$/,
    },
  ]),
  from(fileLine, ({ path, line }) => {
    const words = line.trim().split(/\s+/);
    const pattern = words.map(literally).join('[[:space:]]*');
    return [
      {
        id: `line-changed${path}/${words[0]}`,
        title: `${path} says something else in place of “${line}”`,
        fault: running(
          rewrite(
            path,
            (copy) =>
              `sed -i -E 's/^[[:space:]]*${pattern}[[:space:]]*$/${words[0]} mutation/' ${copy}; grep -q ' mutation$' ${copy}`,
          ),
        ),
        // Of the lines that begin with the same word, the probe shows the first.
        says: new RegExp(`^(?!${words.map(literally).join(' ')}$)${literally(words[0] ?? '')}`),
      },
      { ...fileRemoved(path), says: /^no file / },
    ];
  }),
];
