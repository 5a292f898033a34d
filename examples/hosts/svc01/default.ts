import { defineModule } from 'bootproof';
import configuration from './configuration.ts';
import disko from './disko.ts';

export default defineModule({
  description: 'svc01, the whole machine.',

  imports: [configuration, disko],
});
