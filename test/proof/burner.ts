/** Child that burns CPU: `burner.ts MILLISECONDS NICE`. It ends by itself after that time, and at once when its parent is gone. */
import { setPriority } from 'node:os';

const [lasts, nice] = process.argv.slice(2).map(Number) as [number, number];
const until = performance.now() + lasts;
/** Milliseconds between two looks at whether the parent is still there. */
const SLICE = 20;

try {
  setPriority(nice);
} catch {
  // Not permitted: it burns at the priority that it has.
}
process.on('disconnect', () => process.exit());

function burn(): void {
  const slice = performance.now() + SLICE;
  for (let x = 0; performance.now() < slice;) for (let i = 0; i < 1e4; i++) x += Math.sqrt(i);
  if (performance.now() >= until) process.exit();
  setImmediate(burn);
}

process.send?.('burning');
burn();
