import { defineModule } from 'bootproof';

export default defineModule({
  description: `
    Hardware of net01 alone: none. All that a VM on Proxmox needs is in the role proxmox-vm.
    PCI passthrough and the like would go here.
  `,
});
