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

  # The machine's names, and its addresses by DHCP.
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
        title = "the host has its full name";
        when = !(config.networking.domain == null || config.networking.hostName == "");
        lines = [
          ''full_name = machine.succeed("hostname --fqdn").strip()''
          ''assert full_name == ${builtins.toJSON config.networking.hostName} + "." + ${builtins.toJSON config.networking.domain}, f"the full name is {full_name}"''
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

  # Single interfaces' addresses, the gateways and the name servers.
  interfaces = {
    steps = [
      {
        title = "the declared name servers are asked";
        when = config.networking.nameservers != [ ];
        lines =
          map
            (
              server:
              ''machine.wait_until_succeeds("grep -Fx 'nameserver " + ${builtins.toJSON server} + "' /etc/resolv.conf")''
            )
            config.networking.nameservers;
      }
    ];
  };

  # The firewall: which packets from outside get in.
  firewall = {
    steps = [
      {
        title = "the firewall has its rules";
        when = config.networking.firewall.enable;
        lines = [
          ''machine.wait_until_succeeds("iptables -w -S nixos-fw || nft list table inet nixos-fw")''
        ]
        ++ map
          (
            port:
            ''machine.succeed("(iptables -w -S nixos-fw || nft list table inet nixos-fw) | grep 'tcp .*[^0-9]${toString port}[^0-9]'")''
          )
          config.networking.firewall.allowedTCPPorts;
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
      {
        title = "services are told the locale";
        lines = [
          ''seen_locale = machine.succeed("systemctl show-environment")''
          ''assert "LANG=" + ${builtins.toJSON config.i18n.defaultLocale} in seen_locale.splitlines(), seen_locale''
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
      {
        title = "the rules of sudo are valid";
        when = config.security.sudo.enable;
        lines = [ ''machine.succeed("visudo -c")'' ];
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

  # WireGuard tunnels.
  wireguard = {
    steps = [
      {
        title = "every WireGuard interface is up";
        when = config.networking.wireguard.enable;
        lines =
          map
            (name: ''machine.wait_for_unit("wireguard-" + ${builtins.toJSON name} + ".service")'')
            (lib.attrNames config.networking.wireguard.interfaces)
          ++ map (name: ''machine.succeed("wg show " + ${builtins.toJSON name})'') (
            lib.attrNames config.networking.wireguard.interfaces
          );
      }
    ];
  };

  # The NFS server of the kernel.
  nfsServer = {
    steps = [
      {
        title = "the NFS server exports what was declared";
        when = config.services.nfs.server.enable;
        lines = [
          ''machine.wait_for_unit("nfs-server.service")''
          ''machine.wait_until_succeeds("exportfs -s | grep .")''
        ];
      }
    ];
  };

  # Prometheus' exporter of the machine's own metrics.
  nodeExporter = {
    steps = [
      {
        title = "the node exporter serves the metrics of this machine";
        when = config.services.prometheus.exporters.node.enable;
        lines = [
          ''machine.wait_for_unit("prometheus-node-exporter.service")''
          ''seen_metrics = machine.wait_until_succeeds("curl --silent --show-error --fail 'http://${if lib.elem config.services.prometheus.exporters.node.listenAddress [ "" "0.0.0.0" "[::]" ] then "localhost" else config.services.prometheus.exporters.node.listenAddress}:${toString config.services.prometheus.exporters.node.port}/metrics'")''
          ''seen_node = machine.succeed("uname -n").strip()''
          ''assert f'nodename="{seen_node}"' in seen_metrics, f"no metrics of {seen_node}"''
        ];
      }
    ];
  };

  # The clock, set by NTP.
  timesyncd = {
    node.services.timesyncd.enable = lib.mkVMOverride config.services.timesyncd.enable;
    steps = [
      {
        title = "timesyncd knows the declared time servers";
        when = config.services.timesyncd.enable && config.services.timesyncd.servers != null;
        lines = [
          ''machine.wait_for_unit("systemd-timesyncd.service")''
          ''seen_servers = machine.succeed("timedatectl show-timesync --value -p SystemNTPServers").split()''
          ''assert seen_servers == ${builtins.toJSON config.services.timesyncd.servers}, f"the time servers are {seen_servers}"''
        ];
      }
    ];
  };

  # Unbound, a DNS resolver.
  unbound = {
    steps = [
      {
        title = "Unbound runs, with the configuration that was declared";
        when = config.services.unbound.enable;
        lines = [ ''machine.wait_for_unit("unbound.service")'' "machine.wait_for_open_port(53)" ]
        ++ map
          (
            interface:
            ''assert ${builtins.toJSON interface} in machine.succeed("unbound-checkconf -o interface /etc/unbound/unbound.conf").split()''
          )
          (
            let given = config.services.unbound.settings.server.interface; in if lib.isList given then given else [ given ]
          );
      }
    ];
  };

  # Fail2ban, which bans the addresses that fail too often.
  fail2ban = {
    steps = [
      {
        title = "the declared jails of fail2ban are up";
        when = config.services.fail2ban.enable;
        lines = [
          ''machine.wait_for_unit("fail2ban.service")''
          ''machine.wait_until_succeeds("fail2ban-client ping")''
        ]
        ++ map
          (jail: ''machine.succeed("fail2ban-client status " + ${builtins.toJSON jail})'')
          (lib.attrNames (
            lib.filterAttrs (name: jail: name != "DEFAULT" && jail.enabled or true) config.services.fail2ban.jails
          ));
      }
    ];
  };

  # Services, timers and temporary files that are declared by hand.
  systemd = {
    steps = [
      {
        title = "every timer that the boot starts is up";
        lines =
          map
            (timer: ''machine.wait_for_unit(${builtins.toJSON timer} + ".timer")'')
            (lib.attrNames (
              lib.filterAttrs (
                name: unit: unit.enable && lib.elem "timers.target" unit.wantedBy && !lib.hasSuffix "@" name
              ) config.systemd.timers
            ));
      }
    ];
  };

  # The web server nginx.
  nginx =
    let
      answerOf = host: builtins.match "200 \"?([a-zA-Z0-9 .,-]*)\"?" (toString (host.locations."/".return or ""));
      hosts = lib.mapAttrsToList (name: host: {
        name = if host.serverName != null then host.serverName else name;
        answer = answerOf host;
        port = if host.listen == [ ] then config.services.nginx.defaultHTTPListenPort else null;
      }) (lib.filterAttrs (name: host: !(host.onlySSL || host.forceSSL)) config.services.nginx.virtualHosts);
      answering = lib.filter (host: host.answer != null && host.port != null) hosts;
    in
    {
      steps = [
        {
          title = "nginx is running, and its configuration is right";
          when = config.services.nginx.enable;
          lines = [ ''machine.wait_for_unit("nginx.service")'' ];
        }
        {
          title = "every virtual host gives the answer that it returns";
          when = config.services.nginx.enable && (answering != [ ]);
          lines =
            map
              (
                host:
                ''assert machine.succeed("curl -sS -H 'Host: " + ${builtins.toJSON host.name} + "' http://localhost:${toString host.port}/") == ${builtins.toJSON (builtins.head host.answer)}''
              )
              answering;
        }
      ];
    };

  # The PostgreSQL server.
  postgresql = {
    steps = [
      {
        title = "PostgreSQL is running and set up";
        when = config.services.postgresql.enable;
        lines = [ ''machine.wait_for_unit("postgresql.target")'' ];
      }
      {
        title = "PostgreSQL answers a query in every declared database";
        when = config.services.postgresql.enable;
        lines = [
          ''query_command = "runuser -u postgres -- psql -p ${toString config.services.postgresql.settings.port} -tAc 'select current_database()' -d "''
        ]
        ++ map
          (
            database:
            "assert machine.succeed(query_command + ${builtins.toJSON database}).strip() == ${builtins.toJSON database}"
          )
          ([ "postgres" ] ++ config.services.postgresql.ensureDatabases);
      }
      {
        title = "PostgreSQL has every declared user";
        when = config.services.postgresql.enable;
        lines = [
          ''roles_command = "runuser -u postgres -- psql -p ${toString config.services.postgresql.settings.port} -tAc 'select rolname from pg_roles'"''
          "seen_roles = machine.succeed(roles_command).splitlines()"
        ]
        ++ map
          (
            user:
            ''assert ${builtins.toJSON user} in seen_roles, f"PostgreSQL has only {seen_roles}"''
          )
          (map (user: user.name) config.services.postgresql.ensureUsers);
      }
    ];
  };

  # Redis servers.
  redis =
    let
      running = lib.filterAttrs (name: server: server.enable) config.services.redis.servers;
      open = lib.filter (
        server: server.unixSocket != null && server.requirePass == null && server.requirePassFile == null
      ) (lib.attrValues running);
    in
    {
      steps = [
        {
          title = "every Redis server is running";
          when = running != { };
          lines =
            map
              (
                name:
                "machine.wait_for_unit(${builtins.toJSON "redis${lib.optionalString (name != "") "-${name}"}.service"})"
              )
              (lib.attrNames running);
        }
        {
          title = "a key comes back from every Redis server without a password";
          when = open != [ ];
          lines =
            map
              (
                server:
                ''machine.succeed("redis-cli -s " + ${builtins.toJSON (toString server.unixSocket)} + " set bootproof back ex 60")''
              )
              open
            ++ map
              (
                server:
                ''assert machine.succeed("redis-cli -s " + ${builtins.toJSON (toString server.unixSocket)} + " getdel bootproof").strip() == "back", "the key is lost"''
              )
              open;
        }
      ];
    };

  # Files below /etc.
  etc =
    let
      targets = map (each: each.target) (
        lib.filter (each: each.enable) (lib.attrValues config.environment.etc)
      );
    in
    {
      steps = [
        {
          title = "every declared file below /etc is there";
          when = targets != [ ];
          lines = [
            "for etc_target in ${builtins.toJSON targets}:"
            "    machine.succeed(f\"test -e '/etc/{etc_target}' -o -L '/etc/{etc_target}'\")"
          ];
        }
      ];
    };

  parts = [
    boot
    networking
    interfaces
    firewall
    openssh
    qemuGuest
    system
    users
    nix
    wireguard
    nfsServer
    nodeExporter
    timesyncd
    unbound
    fail2ban
    systemd
    nginx
    postgresql
    redis
    etc
  ];

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
