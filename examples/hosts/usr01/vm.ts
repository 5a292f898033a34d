import { defineVm } from 'bootproof';
import proxmoxVm from '../../roles/proxmox-vm/vm.ts';

/** usr01 as Proxmox sees it: the keys are those of qm.conf. */
export default defineVm({
  extends: [proxmoxVm],
  name: 'usr01',
  cores: 2,
  memory: 1024,
  virtio0: { storage: 'local-lvm', size: '8G' },
  net0: { model: 'virtio', bridge: 'vmbr0' },
});
