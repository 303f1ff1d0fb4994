import { defineConfig } from 'hopcost';

// Build it first: go build -o proxy .
export default defineConfig({
  proxies: ['l7-http', 'own'],
  subjects: [{ name: 'mine', layer: 'l7', command: ['./proxy', '{listen}', '{upstream}'] }],
});
