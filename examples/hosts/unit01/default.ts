import { defineModule } from 'bootproof';
import oneDisk from '../../roles/one-disk/default.ts';
import configuration from './configuration.ts';

export default defineModule({
  description: 'unit01, the whole machine.',

  imports: [configuration, oneDisk],
});
