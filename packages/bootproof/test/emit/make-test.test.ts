import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTestFile } from '../../src/emit/make-test-file.ts';
import { nix, text } from '../../src/nix/expression.ts';
import { configReference } from '../../src/nix/reference.ts';
import { everyToken, scan } from '../../src/nix/scan.ts';
import { services } from '../../src/services/catalogue.ts';
import { each, generatorNames } from '../../src/services/nixos-test.ts';
import { defineService, type Service } from '../../src/services/service.ts';
import { evaluateNix, nixFolder, standIns } from '../nix-fixture/nix.ts';
import { checkScripts, type Script } from './python.ts';

/** A host's configuration.nix, and further arguments of the generator. */
interface Variant {
  readonly configuration: string;
  readonly args?: string;
}

/** A service that the catalogue does not have. */
const madeUp = defineService({
  name: 'made-up',
  description: 'A service\n  that somebody adds.',
  options: {},
  nixosTest: () => ({
    node: { environment: { variables: { MADE_UP: 'yes' } } },
    let: { word: nix`"really"`, words: nix`[ word ]` },
    steps: [
      {
        title: 'made up "indeed"',
        lines: ['machine.succeed("true")', each('each', nix`words`, (word) => text`machine.log("${word}")`)],
      },
    ],
  }),
}) as unknown as Service;

const plain = (definitions: string): string => `{
  networking.hostName = "box";
  system.stateVersion = "25.11";
  ${definitions}
}`;

const variants = {
  bare: { configuration: plain('networking.useDHCP = false;') },
  full: {
    configuration: plain(`
      networking.hostId = "92BBB1e6";
      services.qemuGuest.enable = true;
      services.openssh = { enable = true; ports = [ 22 2222 ]; };
      time.timeZone = "Europe/Berlin";
      users.users = {
        alice.isNormalUser = true;
        "bob-2".isNormalUser = true;
        svc = { isSystemUser = true; group = "svc"; };
      };
      users.groups.svc = { };
      nix.settings.experimental-features = [ "nix-command" "flakes" ];
    `),
  },
  startWhenNeeded: {
    configuration: plain('services.openssh = { enable = true; startWhenNeeded = true; ports = [ 2200 ]; };'),
  },
  hyphen: {
    configuration:
      '{ networking.hostName = "media-server-2"; system.stateVersion = "25.11"; services.qemuGuest.enable = true; }',
  },
  takesArguments: {
    configuration: `{ config, inputs, lib, pkgs, ... }: {
      networking.hostName = lib.mkDefault inputs.word;
      networking.hostId = lib.mkIf (config.networking.hostName == "given") "0000000a";
      environment.systemPackages = [ pkgs.hello ];
      system.stateVersion = "25.11";
    }`,
  },
  unnamed: { configuration: '{ system.stateVersion = "25.11"; }' },
  withExtras: {
    configuration: plain(''),
    args: `
      extraModules = [ { time.timeZone = "UTC"; services.openssh.enable = true; } ];
      extraTestScript = ''
        with subtest("mine"):
            machine.succeed("hello")
      '';`,
  },
  withDefaults: {
    configuration: `{ lib, pkgs, ... }: {
      networking.hostName = "box";
      system.stateVersion = lib.mkDefault "24.11";
      services.timesyncd.enable = lib.mkDefault true;
      boot.consoleLogLevel = lib.mkDefault 3;
      networking.usePredictableInterfaceNames = lib.mkDefault true;
      systemd.services."serial-getty@ttyS0".enable = lib.mkDefault true;
      services.qemuGuest = { enable = true; package = lib.mkDefault pkgs.hello; };
    }`,
  },
  agentOff: { configuration: plain('services.qemuGuest.enable = false;') },
  extended: { configuration: plain(''), args: 'generator = ./make-test-extended.nix;' },
} satisfies Readonly<Record<string, Variant>>;

interface Made {
  readonly name: string;
  readonly script: string;
  readonly derivation: string;
  readonly node: {
    readonly options: readonly string[];
    readonly guestAgent: boolean;
    readonly agent: boolean;
    readonly timeZone: string | null;
    readonly variables: Readonly<Record<string, string>>;
    readonly hostName: string;
  };
}

let made: Readonly<Record<keyof typeof variants, Made>>;
let unprevented: boolean;
let withoutNix: string;

/** All variants in one process of Nix. */
beforeAll(async () => {
  const folder = join(nixFolder(), 'tmp/make-test');
  mkdirSync(folder);
  writeFileSync(join(folder, 'make-test.nix'), makeTestFile(services));
  writeFileSync(join(folder, 'make-test-extended.nix'), makeTestFile([...services, madeUp]));
  const calls = Object.entries<Variant>(variants).map(([name, { configuration, args = '' }]) => {
    writeFileSync(join(folder, `${name}.nix`), configuration);
    return `${name} = look (make ({ configuration = ./${name}.nix; ${args} }));`;
  });
  writeFileSync(
    join(folder, 'default.nix'),
    `let
      nixpkgs = builtins.getFlake "path:${join(standIns, 'nixpkgs')}";
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
      inputs = { inherit nixpkgs; word = "given"; };
      make = args: import (args.generator or ./make-test.nix) ({ inherit inputs pkgs; } // removeAttrs args [ "generator" ]);
      look = test: {
        inherit (test) name;
        script = test.config.testScriptString;
        derivation = test.drvPath;
        node = let inherit (test.nodes) machine; in {
          inherit (machine.virtualisation.qemu) options;
          guestAgent = machine.virtualisation.qemu.guestAgent.enable;
          agent = machine.services.qemuGuest.enable;
          inherit (machine.time) timeZone;
          inherit (machine.environment) variables;
          inherit (machine.networking) hostName;
        };
      };
    in {
      made = { ${calls.join('\n')} };
      withoutNix = (make {
        configuration = { imports = [ ./bare.nix ]; nix.enable = false; };
      }).config.testScriptString;
      # The agent off, and the framework's own default put back: what the generator has to prevent.
      unprevented = (builtins.tryEval (make {
        configuration = ./agentOff.nix;
        extraModules = [ ({ lib, ... }: { virtualisation.qemu.guestAgent.enable = lib.mkForce true; }) ];
      }).drvPath).success;
    }`,
  );
  ({ made, unprevented, withoutNix } = (await evaluateNix(`import ${folder}`)) as {
    made: typeof made;
    unprevented: boolean;
    withoutNix: string;
  });
}, 60_000);

const agentWords = /guest|qga|virtio-ports|import json|import socket|virtio-serial/;

describe('the script', () => {
  it('asks of a host with nothing on what every host has', () => {
    expect(withoutNix).toBe(`machine.start()

with subtest("the system is up"):
    machine.wait_for_unit("multi-user.target")

with subtest("no unit has failed"):
    failed_units = machine.succeed("systemctl list-units --failed --plain --no-legend")
    assert failed_units == "", f"failed units:\\n{failed_units}"

with subtest("the host has its name"):
    seen_name = machine.succeed("cat /proc/sys/kernel/hostname").strip()
    assert seen_name == "box", f"the host name is {seen_name}"

with subtest("the firewall has its rules"):
    machine.wait_until_succeeds("iptables -w -S nixos-fw || nft list table inet nixos-fw")

with subtest("services are told the locale"):
    seen_locale = machine.succeed("systemctl show-environment")
    assert "LANG=" + "en_US.UTF-8" in seen_locale.splitlines(), seen_locale

with subtest("the rules of sudo are valid"):
    machine.succeed("visudo -c")
`);
  });

  it('asks of a host with everything on all of it, in the order of the catalogue', () => {
    const { script } = made.full;

    expect([...script.matchAll(/^with subtest\("(.*)"\):$/gm)].map(([, title]) => title)).toEqual([
      'the system is up',
      'no unit has failed',
      'the host has its name',
      'the host has its id',
      'the network gives an address by DHCP',
      'the firewall has its rules',
      'sshd is running',
      'SSH answers on each of its ports',
      "the guest agent's channel is there, and the agent runs",
      'the guest agent answers the host',
      'the time zone is the declared one',
      'services are told the locale',
      'every declared user is there',
      'the rules of sudo are valid',
      'Nix has its experimental features',
    ]);
    expect(script).toContain('    machine.wait_for_open_port(22)\n    machine.wait_for_open_port(2222)\n');
    expect(script).toContain('assert seen_id == "92BBB1e6".lower()');
    expect(script).toContain('machine.succeed("id " + "alice")\n    machine.succeed("id " + "bob-2")\n\n');
    expect(script).not.toContain('svc');
    expect(script).toContain('assert seen_zone.endswith("/zoneinfo/" + "Europe/Berlin")');
    expect(script).toMatch(/^import json\nimport socket\n\nmachine\.start\(\)\n/);
  });

  it('waits for the agent’s channel, then for its unit, and only then sends a ping', () => {
    const { script } = made.full;
    const places = [
      'wait_for_file("/dev/virtio-ports/org.qemu.guest_agent.0")',
      'wait_until_succeeds("systemctl is-active qemu-guest-agent.service")',
      'agent_socket.connect(str(machine.state_dir / "qga.sock"))',
      '"guest-ping"',
    ].map((line) => script.indexOf(line));

    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('says nothing of what is off', () => {
    for (const name of ['bare', 'agentOff'] as const) expect(made[name].script).not.toMatch(agentWords);
    expect(made.bare.script).not.toMatch(/open_port|sshd|dynamic|hostid|zone|"id "/);
  });

  it('of an sshd that a socket starts asks for its port alone', () => {
    expect(made.startWhenNeeded.script).toContain('machine.wait_for_open_port(2200)');
    expect(made.startWhenNeeded.script).not.toContain('sshd.service');
  });

  it('ends with the owner’s own lines', () => {
    expect(made.withExtras.script).toMatch(/\n\nwith subtest\("mine"\):\n {4}machine\.succeed\("hello"\)\n$/);
  });

  it('has the part of a service that is added to the catalogue', () => {
    expect(made.extended.script).toContain(
      'with subtest("made up \\"indeed\\""):\n    machine.succeed("true")\n    machine.log("really")\n',
    );
    expect(made.extended.node.variables).toMatchObject({ MADE_UP: 'yes' });
  });
});

describe('the test', () => {
  it('has the host’s name, whatever the configuration is', () => {
    expect(made.full.name).toBe('vm-test-run-box-test');
    expect(made.hyphen.name).toBe('vm-test-run-media-server-2-test');
    expect(made.takesArguments.name).toBe('vm-test-run-given-test');
    expect(made.takesArguments.node.hostName).toBe('given');
    expect(made.unnamed.name).toBe('vm-test-run-nixos-test');
    expect(made.unnamed.node.hostName).toBe('nixos');
    expect(made.takesArguments.script).toContain('assert seen_id == "0000000a".lower()');
  });

  it('evaluates whole, also with the agent off, which contradicts the framework’s own default', () => {
    for (const { derivation } of Object.values(made)) expect(derivation).toMatch(/-test\.drv$/);
    expect(unprevented).toBe(false);
  });

  it('gives its machine the agent’s channel in the order that QEMU needs', () => {
    for (const name of ['full', 'hyphen', 'withDefaults'] as const) {
      const { options, guestAgent, agent } = made[name].node;
      const start = options.indexOf('-device virtio-serial-pci,id=qga');
      expect(options.slice(start, start + 3)).toEqual([
        '-device virtio-serial-pci,id=qga',
        '-chardev socket,id=qga,path=qga.sock,server=on,wait=off',
        '-device virtserialport,bus=qga.0,chardev=qga,name=org.qemu.guest_agent.0',
      ]);
      expect({ guestAgent, agent }).toEqual({ guestAgent: true, agent: true });
    }
  });

  it('gives a machine without the agent none of it', () => {
    for (const name of ['agentOff', 'bare', 'withExtras'] as const) {
      const { options, guestAgent, agent } = made[name].node;
      expect(options.length).toBeGreaterThan(0);
      expect(options.filter((option) => /virtio-serial|virtserial|chardev/.test(option))).toEqual([]);
      expect({ guestAgent, agent }).toEqual({ guestAgent: false, agent: false });
    }
  });

  it('takes extra modules into its machine alone, not into what the host declares', () => {
    expect(made.withExtras.node.timeZone).toBe('UTC');
    expect(made.withExtras.script).not.toMatch(/zone|sshd/);
  });
});

describe('the text of make-test.nix', () => {
  it('uses no name of its own that a service may have', () => {
    const text = makeTestFile([]);
    const tokens = [...everyToken(scan(text).tokens)].filter(({ kind }) => kind !== 'comment');
    const used = tokens.filter(({ kind }, at) => kind === 'name' && tokens[at - 1]?.text !== '.');
    // What stands for itself alone: keywords, what functions take, and members of sets.
    const others =
      'let in inherit or step part title name lines line specialArgs modules node nodes testScript machine networking hostName nixpkgs';
    const free = new Set(used.map((token) => token.text));
    for (const word of others.split(' ')) free.delete(word);
    for (const word of free) expect(generatorNames, word).toContain(word);
    expect(free.size).toBeGreaterThan(10);
  });

  it.each(services.map((service) => [service.name, service] as const))('has %s', (name, service) => {
    const text = makeTestFile(services);
    const part = service.nixosTest(configReference() as never);
    if ('notTested' in part) {
      expect(part.notTested).not.toBe('');
      expect(text).toContain(`\n#   ${name}: ${part.notTested}\n`);
      return;
    }
    expect(part.steps.length).toBeGreaterThan(0);
    const start = part.let === undefined ? ' {' : '\n    let\n';
    expect(text).toContain(`\n  # ${service.description}\n  ${name} =${start}`);
    for (const { title } of part.steps) expect(text).toContain(title);
  });

  it('has a service that is added, and gives the reason of one that cannot be tested', () => {
    const silent = { ...madeUp, name: 'silent', nixosTest: () => ({ notTested: 'it makes no sound' }) };
    const text = makeTestFile([...services, madeUp, silent as unknown as Service]);

    expect(text).toContain(
      '\n  # A service that somebody adds.\n  made-up =\n    let\n      word = "really";\n',
    );
    expect(/^ {2}parts = \[([^\]]*)\];$/m.exec(text)?.[1]?.trim().split(/\s+/)).toContain('made-up');
    expect(text).toContain('\n#   silent: it makes no sound\n');
    expect(text).not.toMatch(/^ {2}silent =/m);
  });
});

describe('Python', () => {
  it('type-checks and lints every script', async () => {
    const scripts = Object.entries(made).map(
      ([name, { script, node }]): Script => ({ name, hostName: node.hostName, text: script }),
    );

    expect(scripts).toHaveLength(Object.keys(variants).length);
    expect(await checkScripts(join(nixFolder(), 'tmp/python'), scripts)).toEqual({ mypy: '', pyflakes: '' });
  }, 60_000);

  it('would be refused with a wrong type or an unused import', async () => {
    const { mypy, pyflakes } = await checkScripts(join(nixFolder(), 'tmp/bad-python'), [
      {
        name: 'wrong',
        hostName: 'a-b',
        text: 'import os.path\na_b.wait_for_open_port("22")\nmachina.start()\n',
      },
    ]);

    expect(mypy).toContain('wrong.py');
    expect(mypy).toContain('incompatible type "str"; expected "int"');
    expect(pyflakes).toContain("'os.path' imported but unused");
    expect(pyflakes).toContain("undefined name 'machina'");
    expect(pyflakes).not.toContain('a_b');
  }, 60_000);
});
