import { nixSyntaxOf } from '../nix/convert.ts';
import { printNix } from '../nix/print.ts';
import type { Flake } from './flake.ts';

/** The text of flake.nix. Hosts are found by listing hosts/ there, so that a new host changes nothing here. */
export function flakeFile({ description, inputs }: Flake): string {
  const written = Object.fromEntries(
    Object.entries(inputs).map(([name, { url, follows, flake }]) => [
      name,
      {
        url,
        ...(flake === undefined ? {} : { flake }),
        ...(follows === undefined ? {} : { inputs: followed(follows) }),
      },
    ]),
  );
  const inputsText = printNix(nixSyntaxOf(written, { path: ['inputs'] }), { indent: 1 });
  return `# The NixOS side of the homelab: its hosts, and a test for each. It is emitted from TypeScript and stands by itself.
# To change a host, change its TypeScript and run \`bootproof emit\`.
{
  description = ${printNix(nixSyntaxOf(description, { path: ['description'] }))};

  inputs = ${inputsText};

  outputs =
    inputs@{ nixpkgs, ... }:
    let
      inherit (nixpkgs) lib;
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.\${system};

      # The hosts whose folder has the given file. A new host is a new folder; nothing is listed by hand.
      hostsWith =
        file:
        lib.filter (host: builtins.pathExists (./hosts + "/\${host}/\${file}")) (
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
            (./hosts + "/\${host}")
            # Said here and not in a role, because the node of a test refuses to be told.
            { nixpkgs.hostPlatform = system; }
          ];
        }
      );

      # The test of each host, in a VM of NixOS's own test framework: nix build .#checks.x86_64-linux.hl02-test
      checks.\${system} = lib.listToAttrs (
        map (host: {
          name = "\${host}-test";
          value = import (./hosts + "/\${host}/test.nix") { inherit inputs pkgs; };
        }) (hostsWith "test.nix")
      );

      formatter.\${system} = pkgs.nixfmt-tree;

      devShells.\${system}.default = pkgs.mkShellNoCC {
        packages = [
          pkgs.nixfmt-tree
          pkgs.nixos-anywhere
          pkgs.nixos-rebuild-ng
          pkgs.nodejs
        ];
      };
    };
}
`;
}

const followed = (follows: Readonly<Record<string, string>>): object =>
  Object.fromEntries(Object.entries(follows).map(([name, target]) => [name, { follows: target }]));
