# hl02, logically: what it is, without the hardware that it runs on.
#
# Emitted from hosts/hl02/configuration.ts: change that, not this.
{
  imports = [ ../../roles/common ../../roles/proxmox-vm ];

  networking = {
    hostName = "hl02";
    hostId = "92bbb1e6";
    useDHCP = true;
  };

  system.stateVersion = "25.11";
}
