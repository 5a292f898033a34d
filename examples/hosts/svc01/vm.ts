import { defineVm } from 'bootproof';
import proxmoxVm from '../../roles/proxmox-vm/vm.ts';

/** svc01 as Proxmox sees it: the keys are those of qm.conf. */
export default defineVm({
  extends: [proxmoxVm],
  name: 'svc01',
  cores: 2,
  memory: 4096,
  virtio0: { storage: 'local-lvm', size: '32G' },
  net0: { model: 'virtio', bridge: 'vmbr0' },
});
