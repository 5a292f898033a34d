import { defineModule } from 'bootproof';
import common from '../../roles/common/default.ts';
import proxmoxVm from '../../roles/proxmox-vm/default.ts';

export default defineModule({
  description: 'hl02, logically: what it is, without the hardware that it runs on.',

  imports: [common, proxmoxVm],

  networking: {
    hostName: 'hl02',
    hostId: '92bbb1e6',
    useDHCP: true,
  },

  system: { stateVersion: '25.11' },
});
