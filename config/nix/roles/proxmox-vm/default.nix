# A virtual machine on Proxmox VE: UEFI with systemd-boot, virtio devices, serial console, guest agent.
#
# Emitted from roles/proxmox-vm/default.ts: change that, not this.
{ lib, ... }:
{
  services = {
    # Lets Proxmox show addresses, freeze file systems for backups and shut the machine down cleanly.
    qemuGuest.enable = true;
  };

  boot = {
    loader = {
      systemd-boot.enable = true;
      efi.canTouchEfiVariables = true;
      # Long enough to pick an older generation at the console, short enough not to be felt.
      timeout = lib.mkDefault 1;
    };
    # `qm terminal` shows this console.
    kernelParams = [ "console=ttyS0" ];
    initrd.availableKernelModules = [ "virtio_pci" "virtio_blk" "virtio_scsi" "virtio_net" ];
  };
}
