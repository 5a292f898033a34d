# Makes the NixOS test of a host, in a VM of NixOS's own test framework, from what the host's configuration enables.
# Not tested there, and so only by `bootproof check`, which boots the host's own disk:
#   disko: a test VM has a disk of its own, and its file systems in place of the declared ones
#   fileSystems: a test VM has its own file systems and no swap, in place of the declared ones
#   the boot loader: a test VM boots its kernel directly
#   names of NICs such as ens18: a test VM has eth0 and eth1
{
  pkgs,
  # Of the flake; every module gets them as the argument `inputs`.
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

  # Firmware, boot loader, kernel and the way to a running system.
  boot = {
    steps = [
      {
        title = "the system is up";
        lines = [ ''machine.wait_for_unit("multi-user.target")'' ];
      }
      {
        title = "no unit has failed";
        lines = [
          ''failed_units = machine.succeed("systemctl list-units --failed --plain --no-legend")''
          ''assert failed_units == "", f"failed units:\n{failed_units}"''
        ];
      }
    ];
  };

  # The machine's names, its addresses and its firewall.
  networking = {
    steps = [
      {
        title = "the host has its name";
        when = config.networking.hostName != "";
        lines = [
          ''seen_name = machine.succeed("cat /proc/sys/kernel/hostname").strip()''
          ''assert seen_name == ${builtins.toJSON config.networking.hostName}, f"the host name is {seen_name}"''
        ];
      }
      {
        title = "the host has its id";
        when = config.networking.hostId != null;
        lines = [
          ''seen_id = machine.succeed("hostid").strip()''
          ''assert seen_id == ${builtins.toJSON config.networking.hostId}.lower(), f"the host id is {seen_id}"''
        ];
      }
      {
        title = "the network gives an address by DHCP";
        when = config.networking.useDHCP;
        lines = [
          ''machine.wait_until_succeeds("ip -oneline -4 address show scope global dynamic | grep .")''
        ];
      }
    ];
  };

  # The OpenSSH server.
  openssh = {
    steps = [
      {
        title = "sshd is running";
        when = config.services.openssh.enable && !config.services.openssh.startWhenNeeded;
        lines = [ ''machine.wait_for_unit("sshd.service")'' ];
      }
      {
        title = "SSH answers on each of its ports";
        when = config.services.openssh.enable;
        lines =
          map (port: "machine.wait_for_open_port(${toString port})") config.services.openssh.ports;
      }
    ];
  };

  # The QEMU guest agent.
  qemuGuest = {
    node.virtualisation.qemu = {
      guestAgent.enable = config.services.qemuGuest.enable;
      options = lib.mkIf config.services.qemuGuest.enable [
        "-device virtio-serial-pci,id=qga"
        "-chardev socket,id=qga,path=qga.sock,server=on,wait=off"
        "-device virtserialport,bus=qga.0,chardev=qga,name=org.qemu.guest_agent.0"
      ];
    };
    steps = [
      {
        title = "the guest agent's channel is there, and the agent runs";
        when = config.services.qemuGuest.enable;
        lines = [
          ''machine.wait_for_file("/dev/virtio-ports/org.qemu.guest_agent.0")''
          ''machine.wait_until_succeeds("systemctl is-active qemu-guest-agent.service")''
        ];
      }
      {
        title = "the guest agent answers the host";
        when = config.services.qemuGuest.enable;
        imports = [ "json" "socket" ];
        lines = [
          "with socket.socket(socket.AF_UNIX) as agent_socket:"
          "    agent_socket.settimeout(60)"
          "    agent_socket.connect(str(machine.state_dir / \"qga.sock\"))"
          "    agent_socket.sendall(b'{\"execute\": \"guest-ping\"}\\n')"
          "    agent_answer = json.loads(agent_socket.makefile(\"rb\").readline())"
          ''assert agent_answer == {"return": {}}, f"the guest agent answered {agent_answer}"''
        ];
      }
    ];
  };

  # Release, time zone, locale and console.
  system = {
    steps = [
      {
        title = "the time zone is the declared one";
        when = config.time.timeZone != null;
        lines = [
          ''seen_zone = machine.succeed("readlink /etc/localtime").strip()''
          ''assert seen_zone.endswith("/zoneinfo/" + ${builtins.toJSON config.time.timeZone}), f"the time zone is {seen_zone}"''
        ];
      }
    ];
  };

  # Users, groups and sudo.
  users = {
    steps = [
      {
        title = "every declared user is there";
        lines =
          map (user: ''machine.succeed("id " + ${builtins.toJSON user})'') (map (user: user.name) (
            lib.filter (user: user.isNormalUser && user.enable or true) (lib.attrValues config.users.users)
          ));
      }
    ];
  };

  # Nix's own settings and the packages of the system.
  nix = {
    steps = [
      {
        title = "Nix has its experimental features";
        when = config.nix.enable && (config.nix.settings.experimental-features or [ ]) != [ ];
        lines = [
          "declared_features = set(${builtins.toJSON (toString (config.nix.settings.experimental-features or [ ]))}.split())"
          ''nix_features = set(machine.succeed("grep ^experimental-features /etc/nix/nix.conf").split())''
          ''assert declared_features <= nix_features, f"Nix has only {nix_features}"''
        ];
      }
    ];
  };

  parts = [ boot networking openssh qemuGuest system users nix ];

  # The steps that this host has, in their order.
  steps = lib.filter (step: step.when or true && step.lines != [ ]) (
    lib.concatMap (part: part.steps) parts
  );

  # A step under a heading of its own in the log. Lines are indented one by one: of a text of several lines only the
  # first would be, and Python would refuse the rest.
  subtest =
    { title, lines, ... }:
    "\nwith subtest(${builtins.toJSON title}):\n" + lib.concatMapStrings (line: "    ${line}\n") lines;

  imports = lib.unique (lib.concatMap (step: step.imports or [ ]) steps);
in
pkgs.testers.runNixOSTest {
  name = "${config.networking.hostName}-test";

  node.specialArgs = { inherit inputs; };

  nodes.machine.imports = [
    configuration
    # The framework names a machine after its node with mkDefault, which a host that does so too would contradict.
    { networking.hostName = lib.mkOverride 900 config.networking.hostName; }
  ]
  ++ map (part: part.node or { }) parts
  ++ extraModules;

  testScript =
    lib.concatMapStrings (name: "import ${name}\n") imports
    + lib.optionalString (imports != [ ]) "\n"
    + "machine.start()\n"
    + lib.concatMapStrings subtest steps
    + lib.optionalString (extraTestScript != "") "\n${extraTestScript}";
}
