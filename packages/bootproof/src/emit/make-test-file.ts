import { collectFaults } from '../base/errors.ts';
import { code, entry } from '../nix/code.ts';
import { nixSyntaxOf } from '../nix/convert.ts';
import { printNix } from '../nix/print.ts';
import { configReference } from '../nix/reference.ts';
import type { NixEntry, NixSyntax } from '../nix/syntax.ts';
import { isEachLine, type Line, type NixosTestPart, type NixosTestStep } from '../services/nixos-test.ts';
import type { Service } from '../services/service.ts';
import { propertySyntax } from './properties.ts';

/**
 * The text of tests/make-test.nix: the generator of every host's NixOS test, with a part for each service.
 *
 * @throws DeclarationError with what is wrong in services of the homelab's own
 */
export function makeTestFile(services: readonly Service[]): string {
  const parts = collectFaults(
    services.map((service) => () => ({ service, part: service.nixosTest(configReference() as never) })),
  );
  const tested = parts.flatMap(({ service, part }) => ('notTested' in part ? [] : [{ service, part }]));
  const untested = parts.flatMap(({ service, part }) =>
    'notTested' in part ? [`#   ${service.name}: ${oneLine(part.notTested)}`] : [],
  );
  const names = code.list(tested.map(({ service }) => code.variable(service.name)));
  return `# Makes the NixOS test of a host, in a VM of NixOS's own test framework, from what the host's configuration enables.
# Not tested there, and so only by \`bootproof check\`, which boots the host's own disk:
${untested.join('\n')}
#   the boot loader: a test VM boots its kernel directly
#   names of NICs such as ens18: a test VM has eth0 and eth1
{
  pkgs,
  # Of the flake; every module gets them as the argument \`inputs\`.
  inputs,
  # The host's configuration.nix: what it is, without its hardware and its disk.
  configuration,
  # Modules for the test's VM alone.
  extraModules ? [ ],
  # Python that is run after the script made here.
  extraTestScript ? "",
}:
let
  inherit (pkgs) lib;

  # What the host declares, evaluated on its own: in a test's VM the framework has turned things on by itself.
  inherit
    (inputs.nixpkgs.lib.nixosSystem {
      specialArgs = { inherit inputs; };
      modules = [
        configuration
        { nixpkgs.pkgs = pkgs; }
      ];
    })
    config
    ;

${tested.map(({ service, part }) => `${serviceBinding(service, part)}\n`).join('\n')}
  parts = ${printNix(names, { indent: 1 })};

  # The steps that this host has, in their order.
  steps = lib.filter (step: step.when or true && step.lines != [ ]) (
    lib.concatMap (part: part.steps) parts
  );

  # A step under a heading of its own in the log. Lines are indented one by one: of a text of several lines only the
  # first would be, and Python would refuse the rest.
  subtest =
    { title, lines, ... }:
    "\\nwith subtest(\${builtins.toJSON title}):\\n" + lib.concatMapStrings (line: "    \${line}\\n") lines;

  imports = lib.unique (lib.concatMap (step: step.imports or [ ]) steps);
in
pkgs.testers.runNixOSTest {
  name = "\${config.networking.hostName}-test";

  node.specialArgs = { inherit inputs; };

  nodes.machine.imports = [
    configuration
    # The framework names a machine after its node with mkDefault, which a host that does so too would contradict.
    { networking.hostName = lib.mkOverride 900 config.networking.hostName; }
  ]
  ++ map (part: part.node or { }) parts
  ++ extraModules;

  testScript =
    lib.concatMapStrings (name: "import \${name}\\n") imports
    + lib.optionalString (imports != [ ]) "\\n"
    + "machine.start()\\n"
    + lib.concatMapStrings subtest steps
    + lib.optionalString (extraTestScript != "") "\\n\${extraTestScript}";
}
`;
}

/** A text as a comment takes it. */
const oneLine = (text: string): string => text.trim().replaceAll(/\s+/g, ' ');

function serviceBinding(service: Service, part: NixosTestPart): string {
  const { node, let: names = {} } = part;
  const value = code.set([
    ...(node === undefined ? [] : [entry.binding('node', valueSyntax(node))]),
    entry.binding('steps', code.list(part.steps.map(stepSyntax))),
  ]);
  const named = Object.entries(names).map(([name, each]) => entry.binding(name, valueSyntax(each)));
  const head = `  # ${oneLine(service.description)}\n  ${printNix(code.variable(service.name))} =`;
  return named.length === 0
    ? `${head} ${printNix(value, { indent: 1 })};`
    : `${head}\n    ${printNix(code.let(named, value), { indent: 2 })};`;
}

function stepSyntax({ title, when, imports = [], lines }: NixosTestStep): NixSyntax {
  const optional: NixEntry[] = [
    ...(when === undefined ? [] : [entry.binding('when', valueSyntax(when))]),
    ...(imports.length === 0 ? [] : [entry.binding('imports', valueSyntax(imports))]),
  ];
  return code.set([
    entry.binding('title', code.string(title)),
    ...optional,
    entry.binding('lines', linesSyntax(lines)),
  ]);
}

/** The lines as one list; those that stand for several are maps over what Nix knows. */
function linesSyntax(lines: readonly Line[]): NixSyntax {
  const lists: NixSyntax[] = [];
  let plain: NixSyntax[] = [];
  const close = (): void => {
    if (plain.length > 0) lists.push(code.list(plain));
    plain = [];
  };
  for (const line of lines) {
    if (!isEachLine(line)) {
      plain.push(valueSyntax(line));
      continue;
    }
    close();
    lists.push(
      code.apply(code.variable('map'), code.lambda(line.item, valueSyntax(line.line)), valueSyntax(line.of)),
    );
  }
  close();
  return lists.length === 0 ? code.list([]) : lists.reduce((left, right) => code.binary(left, '++', right));
}

function valueSyntax(value: unknown): NixSyntax {
  return nixSyntaxOf(value, {
    path: [],
    special: (inner, where, again) => propertySyntax(inner, where, again),
  });
}
