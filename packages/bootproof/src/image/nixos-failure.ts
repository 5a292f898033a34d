import { BootproofError, type ExitKind } from '../base/errors.ts';
import { isNetworkError, nixErrorText } from '../host/nix-error.ts';
import { causeOfExit, ProcessError } from '../host/process-error.ts';
import type { NixosRequest } from './nixos-build.ts';

interface Diagnosis {
  readonly fits: (text: string) => boolean;
  readonly kind: ExitKind;
  readonly hint: (request: NixosRequest) => string;
}

const matches = (pattern: RegExp) => (text: string) => pattern.test(text);

/** What is known to go wrong, and what to do about it. The first that fits counts. */
const diagnoses: readonly Diagnosis[] = [
  {
    // On one line in older versions of Nix, on several in later ones.
    fits: matches(/features \{[^}]*\bkvm\b[^}]*\} is required|Required system:.*\{[^}]*\bkvm\b/),
    kind: 'missing',
    hint: () =>
      'disko makes the image in a VM, and Nix builds such things only where /dev/kvm can be used (system feature `kvm`, of this computer or a remote builder). `--on stand-in` needs no KVM.',
  },
  {
    fits: matches(/No space left on device|ENOSPC|Disk quota exceeded/),
    kind: 'missing',
    hint: () => "Free some space where Nix's store is: nix-collect-garbage -d",
  },
  {
    fits: isNetworkError,
    kind: 'missing',
    hint: () => 'Look at the network, or take `--on stand-in`, which builds from Debian packages.',
  },
  {
    fits: matches(/requires lock file changes|cannot (update|write|modify) .*lock file/),
    kind: 'declaration',
    hint: ({ flake }) => `flake.lock does not fit flake.nix. Run: nix flake lock ${flake}`,
  },
  {
    fits: matches(/'diskoImages' missing|does not provide attribute|attribute '[^']*' missing/),
    kind: 'declaration',
    hint: ({ host }) =>
      `Run \`bootproof emit\`, and see that ${host} is a host of the flake and imports disko's module.`,
  },
];

const elsewhere = (doing: 'evaluate' | 'build', drvPath: string | undefined): string =>
  doing === 'build' && drvPath !== undefined
    ? `The whole log: nix log ${drvPath}`
    : 'Look at the files that Nix names: they are emitted, so mend the TypeScript that they come from. `bootproof eval` compares the two evaluations.';

/** An error with Nix's own words and a remedy. What is no failure of Nix stays as it is. */
export function diagnoseNix(
  error: unknown,
  request: NixosRequest,
  { doing, drvPath }: { readonly doing: 'evaluate' | 'build'; readonly drvPath?: string },
): unknown {
  if (!(error instanceof ProcessError) || error.canceled || error.spawnErrorCode !== undefined) return error;
  const text = nixErrorText(error.stderrTail) || causeOfExit(error);
  const known = diagnoses.find(({ fits }) => fits(error.stderrTail));
  const subject = doing === 'evaluate' ? request.host : `the image of ${request.host}`;
  return new BootproofError(`Nix could not ${doing} ${subject}: ${text}`, {
    // What Nix cannot evaluate is not what the declaration should be; what it cannot build may be either.
    kind: known?.kind ?? (doing === 'evaluate' ? 'declaration' : 'missing'),
    hint: known?.hint(request) ?? elsewhere(doing, drvPath),
    cause: error,
  });
}
