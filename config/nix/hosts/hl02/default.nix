# hl02, physically: the whole machine, as it is installed.
#
# Emitted from hosts/hl02/default.ts: change that, not this.
{
  imports = [ ./configuration.nix ./hardware.nix ./disko.nix ];
}
