import { defineModule } from 'bootproof';
import oneDisk from '../../roles/one-disk/default.ts';
import configuration from './configuration.ts';

import hardware from './hardware.ts';

export default defineModule({
  description: 'svc02, physically: the whole machine, as it is installed.',

  imports: [configuration, hardware, oneDisk],
});
