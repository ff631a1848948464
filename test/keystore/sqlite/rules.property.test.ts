import { scratchDirectories } from '../../keys/scratch.js';
import { storeIn } from '../helpers.js';
import { historiesOf } from '../histories.js';

const scratch = scratchDirectories();

historiesOf(async () => storeIn(scratch()), 150);
