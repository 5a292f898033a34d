# The NixOS side of the homelab: its hosts, and a test for each. It is emitted from TypeScript and stands by itself.
# To change a host, change its TypeScript and run `bootproof emit`.
{
  description = "The NixOS hosts of a homelab on Proxmox, emitted by bootproof";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.11";
    disko = {
      url = "github:nix-community/disko/latest";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    inputs@{ nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};

      # The hosts whose folder has the given file. A new host is a new folder; nothing is listed by hand.
      hostsWith =
        file:
        lib.filter (host: builtins.pathExists (./hosts + "/${host}/${file}")) (
          lib.attrNames (builtins.readDir ./hosts)
        );
    in
    {
      # Each host, whole: nixos-rebuild --flake .#hl02
      nixosConfigurations = lib.genAttrs (hostsWith "default.nix") (
        host:
        lib.nixosSystem {
          specialArgs = { inherit inputs; };
          modules = [
            (./hosts + "/${host}")
            # Said here and not in a role, because the node of a test refuses to be told.
            { nixpkgs.hostPlatform = system; }
          ];
        }
      );

      # The test of each host, in a VM of NixOS's own test framework: nix build .#checks.x86_64-linux.hl02-test
      checks.${system} = lib.listToAttrs (
        map (host: {
          name = "${host}-test";
          value = import (./hosts + "/${host}/test.nix") { inherit inputs pkgs; };
        }) (hostsWith "test.nix")
      );

      formatter.${system} = pkgs.nixfmt-tree;

      devShells.${system}.default = pkgs.mkShellNoCC {
        packages = [
          pkgs.nixfmt-tree
          pkgs.nixos-anywhere
          pkgs.nixos-rebuild-ng
          pkgs.nodejs
        ];
      };
    };
}
