# The NixOS test of this host; ../../tests/make-test.nix says what it proves.
{ pkgs, inputs }:

import ../../tests/make-test.nix {
  inherit inputs pkgs;
  configuration = ./configuration.nix;
}
