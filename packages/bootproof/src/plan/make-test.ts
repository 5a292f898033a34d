import { DeclarationError, type Fault } from '../base/errors.ts';
import { deepFreeze } from '../base/json.ts';
import { callSite, relativeTo } from '../base/stack.ts';
import type { DiskLayout } from '../disk/layout.ts';
import { planDisk } from '../disk/plan-layout.ts';
import { agree } from '../hardware/agree.ts';
import { diskBehind, guestDisks, guestNics } from '../hardware/devices.ts';
import { resolveVm, type Vm, type VmConfiguration } from '../hardware/vm.ts';
import type { Configuration } from '../modules/configuration.ts';
import { evaluate } from '../modules/evaluate.ts';
import type { Module } from '../modules/module.ts';
import type { ResolvedOf } from '../options/option.ts';
import type { Probe } from '../probes/probe.ts';
import { builtIn, type Catalogue, type Surface } from '../services/catalogue.ts';
import type { Guest } from '../services/service.ts';
import { askServices } from './ask-services.ts';
import { checkedProbes, type ProbeSource } from './check-probes.ts';
import { coverageOf } from './coverage.ts';
import { knownValues } from './known-values.ts';
import { makeRecipe } from './make-recipe.ts';
import { notProvable, notRealised } from './reasons.ts';
import type { Test } from './test.ts';

export interface TestInput {
  /** The host, whole: its physical module and its VM. */
  readonly host: { readonly configuration: Module; readonly vm: Vm };
  /** Probes of the host's own, besides those that its options imply. */
  readonly extraProbes?: readonly Probe[];
  /** The folder that files are named from; the one that holds the homelab, as seen from the calling test.ts, unless told. */
  readonly root?: string;
}

/** What a plan was made of, for `withProbes`: not part of the data. */
interface Origin {
  readonly configuration: Configuration<Surface>;
  readonly surface: Surface;
  readonly sources: readonly ProbeSource[];
}

const testKey: unique symbol = Symbol.for('bootproof.test') as never;

export function isTest(value: unknown): value is Test {
  return typeof value === 'object' && value !== null && testKey in value;
}

/** Plans a host, as its test.ts does. */
export type MakeTest = (input: TestInput) => Test;

/** Makes a `makeTest` that knows the services of a catalogue. */
export function createMakeTest(catalogue: Catalogue): MakeTest {
  const make = (input: TestInput): Test => planTest(input, catalogue, callSite(make).file);
  return make;
}

/**
 * Plans a host: evaluates its modules, fits its disk, and asks every service what it makes observable. Pure, and
 * frozen; equal declarations give equal plans.
 *
 * @throws DeclarationError with every fault of the configuration, the VM and what lies between them
 */
export const makeTest: MakeTest = createMakeTest(builtIn);

function planTest(
  { host, extraProbes = [], root: given }: TestInput,
  catalogue: Catalogue,
  testFile: string,
): Test {
  const root = given ?? homelabRoot(testFile);
  const { configuration, vm } = settle(host, catalogue.surface, root);
  const values = knownValues(catalogue.surface, configuration.value) as ResolvedOf<Surface>;
  const layout = planRoot(configuration, values, vm);
  const guest = guestOf(values, vm, layout);
  const { realisations, sources } = askServices(catalogue, values, guest);
  const own = {
    probes: extraProbes,
    file: relativeTo(root, testFile),
    member: 'extraProbes',
    builtIn: false,
  };
  const origin = { configuration, surface: catalogue.surface, sources: [...sources, own] };
  const { loader } = values.boot;
  const { openssh, qemuGuest } = values.services;
  const test: Test = {
    name: `${guest.hostName}-test`,
    hostName: guest.hostName,
    hardware: { vm, agentChannel: qemuGuest.enable },
    ssh: openssh.enable ? { guestPort: openssh.ports[0] ?? 22 } : undefined,
    image: makeRecipe({
      hostName: guest.hostName,
      disk: layout,
      loader: {
        timeout: loader.timeout,
        editor: loader['systemd-boot'].editor,
        espMountpoint: loader.efi.efiSysMountPoint,
      },
      realisations,
    }),
    ...shownBy(origin),
    notProvable: notProvable(configuration),
  };
  return marked(test, origin);
}

/** The probes of all sources, and what they make of the declaration. */
function shownBy({
  configuration,
  surface,
  sources,
}: Origin): Pick<Test, 'probes' | 'notRealised' | 'coverage'> {
  const probes = checkedProbes(sources, surface);
  const coverage = coverageOf(configuration, probes);
  return { probes, notRealised: notRealised(configuration, coverage), coverage };
}

/**
 * A mark that JSON leaves out: a plan that was read back is data, not something that a host's test.ts exports.
 */
const marked = (test: Test, origin: Origin): Test =>
  deepFreeze(Object.defineProperty(test, testKey, { value: origin }));

/**
 * The same plan with more probes, which count for its coverage as its own do.
 *
 * @param test as a `makeTest` gave it
 * @throws DeclarationError when their ids, or the options that they prove, are wrong
 */
export function withProbes(test: Test, more: readonly ProbeSource[]): Test {
  const origin = (test as { readonly [testKey]?: Origin })[testKey];
  if (origin === undefined) throw new Error(`${test.name} was not made by makeTest`);
  const grown = { ...origin, sources: [...origin.sources, ...more] };
  return marked({ ...test, ...shownBy(grown) }, grown);
}

/** The folder that holds the homelab, so that faults name `config/hosts/hl02/vm.ts` and not this computer's paths. */
function homelabRoot(testFile: string): string | undefined {
  return /^(.*)\/[^/]+\/hosts\/[^/]+\/[^/]+$/.exec(testFile)?.[1];
}

interface Settled {
  readonly configuration: Configuration<Surface>;
  readonly vm: VmConfiguration;
}

/** Evaluates the modules and the VM, and reports the faults of both together. */
function settle(
  { configuration: module, vm: declared }: TestInput['host'],
  surface: Surface,
  root: string | undefined,
): Settled {
  const faults: Fault[] = [];
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof DeclarationError)) throw error;
      faults.push(...error.faults);
      return undefined;
    }
  };
  const configuration = attempt(() =>
    evaluate({ options: surface, modules: [module], ...(root === undefined ? {} : { root }) }),
  );
  const vm = attempt(() => resolveVm(declared, root));
  if (configuration === undefined || vm === undefined) throw new DeclarationError(faults);
  return { configuration, vm };
}

/** The layout of the disk that the machine boots from, and whether the VM has that disk. */
function planRoot(
  configuration: Configuration<Surface>,
  values: ResolvedOf<Surface>,
  vm: VmConfiguration,
): DiskLayout {
  const filesOf = (option: string) => [
    ...new Set(configuration.definitions(option).map((definition) => configuration.place(definition))),
  ];
  const disks = Object.entries(values.disko.devices.disk);
  const faults = [
    ...agree({
      vm,
      disks: disks.map(([name, { device }]) => ({
        option: `disko.devices.disk.${name}.device`,
        device,
        files: filesOf(`disko.devices.disk.${name}.device`),
      })),
      agent: { enable: values.services.qemuGuest.enable, files: filesOf('services.qemuGuest.enable') },
      kernelParams: { values: values.boot.kernelParams, files: filesOf('boot.kernelParams') },
      systemdBoot: {
        enable: values.boot.loader['systemd-boot'].enable,
        files: filesOf('boot.loader.systemd-boot.enable'),
      },
    }),
  ];
  const { layouts, faults: diskFaults } = planDisk({
    devices: values.disko.devices,
    sizeOf: (device) => guestDisks(vm).find((disk) => disk.device === device)?.sizeBytes,
    bios: vm.bios,
    filesOf,
    vmFilesOf: (device) => {
      const file = vm.filesByKey[diskBehind(vm, device)?.key ?? ''];
      return file === undefined ? [] : [file];
    },
    espMountpoint: values.boot.loader.efi.efiSysMountPoint,
  });
  faults.push(...diskFaults);
  const [first, second] = layouts;
  if (disks.length === 0) faults.push(noDisk(vm));
  if (second !== undefined) faults.push(secondDisk(second, filesOf));
  if (faults.length > 0 || first === undefined) throw new DeclarationError(faults);
  return first;
}

const noDisk = (vm: VmConfiguration): Fault => ({
  files: vm.files,
  option: 'disko.devices.disk',
  reason: 'The host declares no disk, so there is nothing to boot from.',
  remedy: 'Declare one in disko.ts, and import that from default.ts.',
});

const secondDisk = (disk: DiskLayout, filesOf: (option: string) => readonly string[]): Fault => ({
  files: filesOf(`disko.devices.disk.${disk.name}`),
  option: `disko.devices.disk.${disk.name}`,
  reason: 'More than one disk is not realised by the stand-in.',
  remedy: 'Declare one disk, or prove this host with NixOS’s own image.',
});

export function guestOf(values: ResolvedOf<Surface>, vm: VmConfiguration, disk: DiskLayout): Guest {
  return {
    hostName: values.networking.hostName,
    nics: guestNics(vm).map(({ name, driver }) => ({ name, driver })),
    disk,
    diskDriver: guestDisks(vm).find(({ device }) => device === disk.device)?.driver,
    serialConsole: vm.serialPorts.length > 0,
  };
}
