/** Writes `hpack-recorded.json` anew: what the other encoders make of a few sections. Run it by hand: `node record-hpack.ts`. */
import { writeFileSync } from 'node:fs';
import { headerSections } from '../header-sets.ts';
import { hpackPeers } from './hpack-peers.ts';

const SECTIONS = 80;
const recorded: unknown[] = [];
for (const [index, peer] of hpackPeers().entries()) {
  if (peer.missing !== undefined) throw new Error(peer.missing);
  const sections = headerSections(17 + index, SECTIONS, peer.decode === undefined).map(({ fields, tableSize }) =>
    peer.decode === undefined || tableSize === undefined ? { fields } : { fields, tableSize },
  );
  const blocks = await peer.encode(sections);
  recorded.push({ encoder: peer.name, sections, blocks: blocks.map((block) => block.toString('base64')) });
}
writeFileSync(new URL('../hpack-recorded.json', import.meta.url), `${JSON.stringify(recorded)}\n`);
