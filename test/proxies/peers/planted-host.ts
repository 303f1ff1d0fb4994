/** Starts a planted peer with workers, tells its pids, and waits to be killed. */
import { launchPeer } from '#proxies/peers/launch.ts';
import { planted } from './planted.ts';

const peer = await launchPeer(planted('has workers', { processes: 3 }), AbortSignal.timeout(10_000));
process.stdout.write(`${JSON.stringify(peer.pids)}\n`);
setInterval(() => {}, 1_000);
