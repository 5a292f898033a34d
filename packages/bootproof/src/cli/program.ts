import tab from '@bomb.sh/tab/commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { hostNames } from '../host/discover.ts';
import { type CommandContext, toolVersion } from './context.ts';
import { type GlobalOptions, homelabFolder } from './homelab-folder.ts';
import { imageWishes } from './image-wish.ts';

/** The names for completion: none where there is no homelab, since a completion must not print errors. */
function knownHosts(options: GlobalOptions): string[] {
  try {
    return hostNames(homelabFolder(options));
  } catch {
    return [];
  }
}

/** The command line: names, options and help. What a command does is loaded when it is called, so that help is instant. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('bootproof')
    .description('Declare NixOS VMs for Proxmox in TypeScript, and prove that they boot and answer.')
    .version(toolVersion(), '-V, --version')
    .option('--config <folder>', 'the homelab (default: the folder config, here or above)')
    .option('--debug', 'show stack traces')
    .showSuggestionAfterError()
    .showHelpAfterError('Run the same with --help for what it takes.')
    .exitOverride()
    .addHelpText(
      'after',
      `
Exit status: 0 proven, 1 not proven, 2 the declaration or the call is wrong,
3 this computer lacks something, 130 interrupted.`,
    );
  addCheck(program, context);
  addPlan(program, context);
  addMutate(program, context);
  addBuild(program, context);
  addBoot(program, context);
  addEmit(program, context);
  addEval(program, context);
  addHosts(program, context);
  addDoctor(program, context);
  addCache(program, context);
  addCompletion(program);
  // Commands made by command() take over these settings, made above.
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

function addCheck(program: Command, context: CommandContext): void {
  program
    .command('check [host...]')
    .description(
      'boot each host from its declaration, on the hardware that Proxmox would give it, and prove it',
    )
    .option('-j, --jobs <n>', 'machines at a time', positive, 1)
    .option('--json', 'print result.json of each run on standard output, nothing else')
    .option('--keep', 'leave the machine running, and say how to get in; Ctrl-C ends it')
    .option('--timeout <s>', 'seconds that a machine may take to boot', positive, 300)
    .option('--rebuild', 'build the image again, whatever the cache holds')
    .option('--coverage-min <percent>', 'boot nothing when the tests prove less of what could be', percentage)
    .option('--reboot', 'reboot each machine when it is proven, and prove it again')
    .option(
      '--power-cut',
      'kill each proven machine at a random moment, boot its disk again, and prove it again',
    )
    .option('--seed <n>', 'the moment of the power cut, as an earlier run told it', natural)
    .option('--repeat <n>', 'check so many times, and say what the figure shows', positive, 1)
    .addOption(onOption())
    .addOption(mirrorOption())
    .action(async (hosts: string[], options) => {
      const { check } = await import('./commands/check.ts');
      context.finish(await check(hosts, { ...program.opts(), ...options }, context));
    });
}

function addPlan(program: Command, context: CommandContext): void {
  program
    .command('plan [host...]')
    .description('show what would be proven about each host, and by which option; nothing is built or booted')
    .option('--coverage', 'list every declared option instead, with what proves it or why nothing does')
    .option('--json', 'print the whole plan for programs')
    .action(async (hosts: string[], options) => {
      const { plan } = await import('./commands/plan.ts');
      context.finish(await plan(hosts, { ...program.opts(), ...options }, context));
    });
}

function addMutate(program: Command, context: CommandContext): void {
  program
    .command('mutate <host>')
    .description('put faults into a host, one at a time, and demand that its test catches each of them')
    .option('--only <glob>', 'those mutations whose id matches: unit-*')
    .option('-j, --jobs <n>', 'machines at a time', positive, 1)
    .option('--list', 'show what would be tried, and which probes are to catch it; nothing is booted')
    .option('--json', 'for programs')
    .option('--timeout <s>', 'seconds that a machine may take to boot', positive, 300)
    .addOption(onOption())
    .addOption(mirrorOption())
    .action(async (host: string, options) => {
      const { mutate } = await import('./commands/mutate.ts');
      context.finish(await mutate(host, { ...program.opts(), ...options }, context));
    });
}

function addBuild(program: Command, context: CommandContext): void {
  program
    .command('build <host>')
    .description("build a host's disk image")
    .option('-o, --output <file>', 'where to put a copy of it (qcow2)')
    .option('--rebuild', 'build it again, whatever the cache holds')
    .addOption(onOption())
    .addOption(mirrorOption())
    .action(async (host: string, options) => {
      const { build } = await import('./commands/build.ts');
      context.finish(await build(host, { ...program.opts(), ...options }, context));
    });
}

function addBoot(program: Command, context: CommandContext): void {
  program
    .command('boot <host>')
    .description('boot a host with its serial console in this terminal; its disk is thrown away at the end')
    .addOption(onOption())
    .addOption(mirrorOption())
    .action(async (host: string, options) => {
      const { boot } = await import('./commands/boot.ts');
      context.finish(await boot(host, { ...program.opts(), ...options }, context));
    });
}

function addEmit(program: Command, context: CommandContext): void {
  program
    .command('emit')
    .description('write the NixOS flake that the declaration gives (nix/, beside hosts/); only what changed')
    .option(
      '--check',
      'write nothing; exit status 1 and a diff when the files are not what the declaration gives',
    )
    .option('--dry-run', 'write nothing; say what would be written and removed')
    .option('--diff', 'write nothing; show what would change as a patch')
    .option('--force', 'also overwrite files that were edited by hand')
    .action(async (options) => {
      const { emit } = await import('./commands/emit.ts');
      context.finish(await emit({ ...program.opts(), ...options }));
    });
}

function addEval(program: Command, context: CommandContext): void {
  program
    .command('eval <host>')
    .description("compare this tool's evaluation of a host with Nix's, option by option (needs nix)")
    .option('--all', 'list the options that agree, too')
    .option('--json', 'for programs')
    .action(async (host: string, options) => {
      const { evalHost } = await import('./commands/eval.ts');
      context.finish(await evalHost(host, { ...program.opts(), ...options }, context));
    });
}

function addHosts(program: Command, context: CommandContext): void {
  program
    .command('hosts')
    .description('list the hosts of the homelab')
    .option('--json', 'for programs')
    .action(async (options) => {
      const { hosts } = await import('./commands/hosts.ts');
      context.finish(await hosts({ ...program.opts(), ...options }));
    });
}

function addDoctor(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('say what this computer has and lacks for building and booting, and what to do about it')
    .option('--json', 'for programs')
    .action(async (options) => {
      const { doctor } = await import('./commands/doctor.ts');
      context.finish(await doctor({ ...program.opts(), ...options }, context));
    });
}

function addCache(program: Command, context: CommandContext): void {
  const cache = program.command('cache').description('look at the cache of images, or empty it');
  cache
    .command('list')
    .description('list what the cache holds')
    .option('--json', 'for programs')
    .action(async (options) => {
      const { listCache } = await import('./commands/cache.ts');
      context.finish(await listCache({ ...program.opts(), ...options }));
    });
  cache
    .command('prune')
    .description('remove what was not used of late; what is in use stays')
    .option('--days <n>', 'keep what was used in the last n days', natural, 30)
    .option('--all', 'remove everything')
    .option('--dry-run', 'only say what would go')
    .action(async (options) => {
      const { pruneCache } = await import('./commands/cache.ts');
      context.finish(await pruneCache({ ...program.opts(), ...options }));
    });
  for (const command of cache.commands) command.copyInheritedSettings(cache);
}

function addCompletion(program: Command): void {
  const root = tab(program, { completionCommandName: 'completion' });
  for (const name of ['check', 'plan', 'mutate', 'build', 'boot', 'eval']) {
    const host = root.commands.get(name)?.arguments.get('host');
    if (host === undefined) continue;
    host.handler = (complete) => {
      for (const each of knownHosts(program.opts<GlobalOptions>())) complete(each, '');
    };
  }
}

const onOption = () =>
  new Option(
    '--on <image>',
    'nixos: built by Nix from the emitted flake; stand-in: Debian; auto: nixos where there is a nix with flakes, KVM that works, nix/flake.nix, and its inputs',
  )
    .choices(imageWishes)
    .default('auto');

const mirrorOption = () =>
  new Option('--mirror <url>', "a Debian mirror, in place of this computer's own apt sources").env(
    'BOOTPROOF_MIRROR',
  );

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError('It has to be a whole number from 1.');
  return number;
}

function percentage(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !(number >= 0 && number <= 100))
    throw new InvalidArgumentError('It has to be a number from 0 to 100.');
  return number;
}

function natural(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0)
    throw new InvalidArgumentError('It has to be a whole number from 0.');
  return number;
}
