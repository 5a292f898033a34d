# Hardware of hl02 alone: none. All that a VM on Proxmox needs is in the role proxmox-vm.
# PCI passthrough and the like would go here.
#
# Emitted from hosts/hl02/hardware.ts: change that, not this.
{ }
