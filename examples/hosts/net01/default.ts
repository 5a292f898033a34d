import { defineModule } from 'bootproof';
import configuration from './configuration.ts';
import disko from './disko.ts';
import hardware from './hardware.ts';

export default defineModule({
  description: 'net01, physically: the whole machine, as it is installed.',

  imports: [configuration, hardware, disko],
});
